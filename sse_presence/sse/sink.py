"""A response body that is written from outside its handler, through ASGI `send`.

It works under any server and any middleware, and costs a short-lived task a write.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.types import Send

_PIECE = 65_536
"""Bytes sent at once: of more it is seen piece by piece whether the peer takes them."""


class SendSink:
    """The body of one stream; `fanout.sink.Sink` says what its methods promise.

    A write that fails leaves it busy for good: the peer is gone, and the handler is about to learn it.
    """

    look = float("inf")

    __slots__ = ("_handler", "_progressed", "_send", "_writing", "aborted", "busy", "ready")

    def __init__(self, send: Send, handler: asyncio.Task[None]) -> None:
        """`handler` is the task of the response: cancelled when the peer has to be given up."""
        self._send = send
        self._handler = handler
        self._writing: asyncio.Task[None] | None = None
        self._progressed = False
        self.busy = self.aborted = False
        self.ready: Callable[[], None] = _nobody_waits

    def progressed(self) -> bool:
        """Whether a piece was sent."""
        progressed, self._progressed = self._progressed, False
        return progressed

    def write(self, data: bytes) -> bool:
        """Send whole events."""
        self._progressed, self.busy = False, True
        self._writing = asyncio.create_task(self._deliver(data, more=True))
        return len(data) > _PIECE

    def end(self, data: bytes) -> None:
        """Send the last events and end the body."""
        self.busy = True
        self._writing = asyncio.create_task(self._deliver(data, more=False))

    def abort(self) -> None:
        """Give up on the peer."""
        self.aborted = True
        self._handler.cancel()

    async def close(self) -> None:
        """Wait for the last bytes, or drop them if the peer was given up; raises what sending raised."""
        writing = self._writing  # it forgets itself when it is done
        if writing is not None:
            if self.aborted:
                writing.cancel()
            await asyncio.wait([writing])
            if not writing.cancelled():
                writing.result()

    async def _deliver(self, data: bytes, *, more: bool) -> None:
        for start in range(0, len(data) or 1, _PIECE):
            piece, rest = data[start : start + _PIECE], start + _PIECE < len(data)
            try:
                await self._send({"type": "http.response.body", "body": piece, "more_body": more or rest})
            except OSError:  # the peer is gone
                return
            self._progressed = True
            if not rest:
                self.busy, self._writing = False, None
            self.ready()


def _nobody_waits() -> None:
    """Stand in until a stream takes the sink."""
