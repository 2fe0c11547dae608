"""Signals that come whole are handed over as they are: see `sse_presence.http.direct`.

That is: a POST of HTTP/1.1 to the path of a signal, which one read brought to its end, on a connection that
stays open and on which nothing else is being answered. All else goes the way of ASGI.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, cast

from sse_presence.cli.exchange import Exchange
from sse_presence.cli.protocol import StreamProtocol
from sse_presence.http.counted import Handler
from sse_presence.http.direct import Direct

if TYPE_CHECKING:
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle


class DirectProtocol(StreamProtocol):
    """One connection."""

    __slots__ = ("_chunks", "_direct", "_exchange", "_handler")

    def __init__(self, direct: Direct, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._direct = direct
        self._handler: Handler | None = None
        """Of the request that is being read, if it may be handed over."""
        self._chunks: list[bytes] = []
        self._exchange: Exchange | None = None
        """Made for the first signal: most connections carry a stream and nothing else."""

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell everybody."""
        super().connection_lost(exc)
        if self._exchange is not None:
            self._exchange.end()

    def _read(self, data: bytes) -> None:
        """Parse what came. What has not ended by then is not handed over."""
        super()._read(data)
        if self._handler is not None:
            self._handler = None
            if not self._deaf:
                super().on_headers_complete()
                for chunk in self._chunks:
                    super().on_body(chunk)

    def on_headers_complete(self) -> None:
        """Begin a request, or wait for the end of one that may be handed over."""
        path, _, query = self.url.partition(b"?")
        handler = self._direct.handlers.get(path)
        if handler is None or not self._is_plain(query):
            super().on_headers_complete()
            return
        self._handler = handler
        self._chunks = []
        self.headers = []
        scope = self.scope
        scope["method"] = "POST"
        scope["path"] = path.decode("ascii")
        scope["raw_path"] = path
        scope["query_string"] = query

    def _is_plain(self, query: bytes) -> bool:
        return (
            self.parser.get_method() == b"POST"
            and self.parser.get_http_version() == "1.1"
            and self.parser.should_keep_alive()
            and not self.parser.should_upgrade()
            and b"#" not in query
            and self._is_idle()
        )

    def _is_idle(self) -> bool:
        before = cast("RequestResponseCycle | None", self.cycle)
        return before is None or before.response_complete

    def on_body(self, body: bytes) -> None:
        """Take a part of a body."""
        if self._handler is None:
            super().on_body(body)
        else:
            self._chunks.append(body)

    def on_message_complete(self) -> None:
        """Hand over a request that may be."""
        if self._handler is None:
            super().on_message_complete()
            return
        scope = cast("dict[str, Any]", self.scope)
        ask = partial(self._direct.answer, self._handler, scope, b"".join(self._chunks))
        self._handler = None
        if self._exchange is None:
            self._exchange = Exchange(self)
        self.cycle = self._foremost = cast("RequestResponseCycle", self._exchange)
        self._exchange.begin(ask)
