"""uvicorn's HTTP protocol, offering each request its connection: see `sse_presence.sse.transport`."""

from __future__ import annotations

import asyncio
import errno
from typing import cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sse_presence.sse.transport import EXTENSION, Connection

_NO_ANSWER = (errno.ETIMEDOUT, errno.EHOSTUNREACH, errno.ENETUNREACH)


class StreamProtocol(HttpToolsProtocol):
    """One connection, which streams may write to themselves."""

    connection: Connection

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Take a connection; one that says nothing is kept no longer than one that has said all it had to."""
        super().connection_made(transport)
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )
        self.connection = {"transport": cast("asyncio.WriteTransport", transport), "vanished": False}

    def connection_lost(self, exc: Exception | None) -> None:
        """Note whether the peer only answered no more."""
        self.connection["vanished"] = isinstance(exc, OSError) and exc.errno in _NO_ANSWER
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self.scope["extensions"] = {EXTENSION: cast("dict[object, object]", self.connection)}
