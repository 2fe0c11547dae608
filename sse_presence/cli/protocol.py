"""uvicorn's HTTP protocol, offering each request its connection: see `sse_presence.sse.transport`."""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sse_presence.sse.transport import EXTENSION


class StreamProtocol(HttpToolsProtocol):
    """One connection, which streams may write to themselves."""

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self.scope["extensions"] = {EXTENSION: {"transport": self.transport}}
