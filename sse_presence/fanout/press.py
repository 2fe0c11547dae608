"""What was made for the last stream: the next one is often told the very same at the same place.

Streams that wait for the same user are woken one after another. Making the same bytes again would cost more
than all else that is done for each of them.
"""

from __future__ import annotations

from sse_presence.domain import cursor
from sse_presence.domain.cursor import Cursor
from sse_presence.sse import encode


class Press:
    """Makes cursors and presence frames, and keeps the last of each."""

    def __init__(self) -> None:
        self._place: Cursor | None = None
        self._cursor = ""
        self._told: tuple[list[bytes], str] | None = None
        self._frame = b""

    def cursor(self, key: bytes, place: Cursor) -> str:
        """The text of a place."""
        if place != self._place:
            self._place, self._cursor = place, cursor.issue(key, place)
        return self._cursor

    def presence(self, records: list[bytes], place: str) -> bytes:
        """The frame that tells these records."""
        told = (records, place)
        if told != self._told:
            self._told, self._frame = told, encode.presence(records, place)
        return self._frame
