"""The response of an event stream: headers, and one task that waits for the peer to go.

Everything else is done from outside: whoever opens the stream writes into its sink. A body always ends
between events, unless the peer took nothing for too long.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Protocol, cast

from sse_starlette import EventSourceResponse
from starlette.types import Receive, Scope, Send

from sse_presence.sse.sink import SendSink


class Subscription(Protocol):
    """What holds a stream open."""

    def close(self, *, by_peer: bool) -> None:
        """The stream has no connection any more; `by_peer` unless this process ended it."""
        ...


class EventStream(EventSourceResponse):
    """A stream that `open` fills; of its parent only the headers are used, not its tasks or its globals."""

    def __init__(self, open: Callable[[SendSink], Subscription]) -> None:  # noqa: A002 - that is what it does
        super().__init__(_nothing(), headers={"Cache-Control": "no-store, no-transform"})
        del self.headers["connection"]  # hop-by-hop, and none of an application's business
        self._open = open

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one stream until either side ends it."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        if scope["method"] == "HEAD":
            await send({"type": "http.response.body", "body": b""})
            return
        sink = SendSink(send, cast("asyncio.Task[None]", asyncio.current_task()))
        subscription = self._open(sink)
        by_peer = False
        try:
            await _gone(receive)
            by_peer = True
        except asyncio.CancelledError:
            if not sink.aborted:
                raise
        finally:
            subscription.close(by_peer=by_peer)
            await sink.close()


async def _gone(receive: Receive) -> None:
    """Return when the connection is gone or the response is complete."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _nothing() -> AsyncIterator[bytes]:
    """Satisfy the parent, which would iterate over this."""
    for _ in ():
        yield b""
