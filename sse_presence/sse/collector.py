"""A sink that collects what a poll has to tell, and gives it as one JSON answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec


class Collector:
    """Takes everything at once; `fanout.sink.Sink` says what its methods promise."""

    busy = False
    look = float("inf")

    __slots__ = ("_cursor", "_events", "answered", "ready")

    def __init__(self, cursor: str) -> None:
        """`cursor` is where the client stands if it is told nothing."""
        self._cursor = cursor
        self._events: list[bytes] = []
        self.answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when the answer is complete."""
        self.ready: Callable[[], None]

    def progressed(self) -> bool:
        """Nothing ever waits."""
        return True

    def write(self, data: bytes) -> bool:
        """Collect whole events."""
        for frame in data.split(b"\n\n"):
            fields = dict(line.split(b": ", 1) for line in frame.split(b"\n") if line)
            if b"id" in fields:
                self._cursor = fields[b"id"].decode()
            if b"event" in fields:
                self._events.append(b'{"event":"%b","data":%b}' % (fields[b"event"], fields[b"data"]))
        return False

    def end(self, data: bytes) -> None:
        """Collect the last events."""
        self.write(data)
        self._done()

    def abort(self) -> None:
        """Answer with what there is."""
        self._done()

    def answer(self) -> bytes:
        """The answer as JSON."""
        return b'{"cursor":%b,"events":[%b]}' % (msgspec.json.encode(self._cursor), b",".join(self._events))

    def _done(self) -> None:
        if not self.answered.done():
            self.answered.set_result(None)
