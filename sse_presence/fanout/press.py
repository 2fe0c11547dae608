"""What was made for the last stream: the next one is often told the very same at the same place.

Streams that wait for the same user are woken one after another. Making the same bytes again would cost more
than all else that is done for each of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sse_presence.domain import cursor
from sse_presence.domain.cursor import Cursor
from sse_presence.sse import encode

if TYPE_CHECKING:
    from sse_presence.fanout.stream import Stream


class Press:
    """Makes cursors and presence frames, and keeps the last of each."""

    def __init__(self) -> None:
        self.key = b""
        """Of cursors; known before the bus is."""
        self._place: Cursor | None = None
        self._cursor = ""
        self._digest = b""
        self._now = 0.0
        self._told: tuple[object, ...] | None = None
        self._frame = b""

    def cursor(self, place: Cursor) -> str:
        """The text of a place."""
        if place != self._place:
            self._place, self._cursor = place, cursor.issue(self.key, place)
        return self._cursor

    def digest(self, digest: bytes) -> bytes:
        """A digest of an interest, as the last stream has it: the same object is compared without a look."""
        if digest != self._digest:
            self._digest = digest
        return self._digest

    def presence(self, stream: Stream, now: float) -> bytes:
        """The frame that tells a stream the records that it waits for; they wait no longer.

        `now` is the loop time that the pump took for all that it wakes together, between which nothing
        changes: it is that pass, and not another one in the same instant, if it is the very same object.
        """
        told = (stream.changed, stream.span, stream.digest, stream.ticket)
        if now is self._now and told == self._told and stream.plain:
            stream.changed = None
            return self._frame
        frame = encode.presence(stream.take_records(), self.cursor(stream.here))
        if stream.plain:
            self._now, self._told, self._frame = now, told, frame
        return frame
