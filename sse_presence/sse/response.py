"""The response of an event stream: headers, and one task that waits for the peer to go.

Everything else is done from outside: whoever opens the stream writes into its sink. A body always ends
between events, unless the peer took nothing for too long.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Protocol, cast

from sse_starlette import EventSourceResponse
from starlette.types import Message, Receive, Scope, Send

from sse_presence.sse.sink import SendSink
from sse_presence.sse.transport import TransportSink, transport_of, vanished


class Subscription(Protocol):
    """What holds a stream open."""

    def close(self, *, by_peer: bool, vanished: bool) -> None:
        """The stream has no connection any more; `by_peer` unless this process ended it.

        `vanished`: the peer did not say so, it answered no more.
        """
        ...


Fill = Callable[[SendSink | TransportSink], Subscription]
"""Opens a stream on a sink."""


class EventStream(EventSourceResponse):
    """A stream that `fill` is given; its parent's tasks and globals are never used."""

    def __init__(self, fill: Fill) -> None:
        super().__init__(_nothing(), headers={"Cache-Control": "no-store, no-transform"})
        del self.headers["connection"]  # hop-by-hop, and none of an application's business
        self._fill = fill

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Coroutine[None, None, None]:
        """Serve one stream until either side ends it; the response itself need not live as long."""
        start = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        return _serve(scope, start, self._fill, receive, send)


async def _serve(scope: Scope, start: Message, fill: Fill, receive: Receive, send: Send) -> None:
    await send(start)
    if scope["method"] == "HEAD":
        await send({"type": "http.response.body", "body": b""})
        return
    sink = _sink(scope, send)
    subscription = fill(sink)
    del start, fill  # a stream keeps nothing of its request but what it watches
    by_peer = False
    try:
        await gone(receive)
        by_peer = True
    except asyncio.CancelledError:
        if not sink.aborted:
            raise
    finally:
        subscription.close(by_peer=by_peer, vanished=vanished(scope))
        await sink.close()


def _sink(scope: Scope, send: Send) -> SendSink | TransportSink:
    transport = transport_of(scope)
    if transport is not None:
        return TransportSink(transport, send)
    return SendSink(send, cast("asyncio.Task[None]", asyncio.current_task()))


async def gone(receive: Receive) -> None:
    """Return when the connection is gone or the response is complete."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _nothing() -> AsyncIterator[bytes]:
    """Satisfy the parent, which would iterate over this."""
    for _ in ():
        yield b""
