"""A poll: a stream that ends with the first thing it has to tell, or when its time is up.

It goes on from a cursor like a stream, but tells nothing that the holder of the cursor was told already,
and its last word is a cursor that covers all it told: so whoever polls with that one waits until there is
something new. A store out of reach is told once, and only if it stays so for a while, for the next poll may
find it mended.
"""

from __future__ import annotations

from sse_presence.domain.cursor import NOT_ALL, NOTHING_ELSE, STALE, Cursor
from sse_presence.fanout.following import Above
from sse_presence.fanout.pump import NEVER
from sse_presence.fanout.stream import Stream
from sse_presence.sse import encode

PATIENCE = 2.0
"""Seconds that trouble has to last before it is told; so polls in vain are no more frequent."""


class Poll(Stream):
    """State of one poll."""

    __slots__ = ("_answers_at", "_knows", "_troubled_at")

    _answers_at: float
    """Loop time at which it answers in any case, if it can."""
    _knows: bytes
    """Digest of what its client was told beside all up to its position."""
    _troubled_at: float

    def begin(self, place: Cursor | None, answers_at: float) -> None:
        """Begin where a client stands."""
        self.plain = False  # its cursors say more
        self._knows = NOT_ALL if place is None else place.told
        self.stale = self._knows == STALE
        self.written_at = NEVER  # nobody waits for a ping
        self._answers_at = answers_at
        self._troubled_at = NEVER

    def wake(self, now: float) -> float:
        """Answer if there is something to tell; when there may be."""
        if self.over:
            return NEVER
        frames: list[bytes] = []
        ends = now >= self.ends_at
        if ends:
            frames.append(encode.bye(self.ends_as, self.hub.pace.retry(self.ends_as)))
        else:
            self._compose(frames, now)
        late = self._answers_at if self.live or self.stale else self._answers_at + 2 * PATIENCE
        if not frames and now < late:
            return min(self._next(), late if now >= self._answers_at else self._answers_at)
        if not ends:
            self.ends_as = "answered"
        self.sink.end(self._sent([*frames, self._last_word()]))
        self.hub.leave(self)
        return NEVER

    def told(self, position: int) -> bytes:
        """Digest of all that was told, records above the position included."""
        return STALE if self.stale else self._told_above(position)

    def _told_above(self, position: int) -> bytes:
        following = self.following
        if self.behind or self.typed is not None or (following is not None and following.awaited):
            return NOT_ALL
        return self._digest_of(self._all_above(position))

    def _knows_all(self, position: int) -> bool:
        """Whether its client, who stands at a position, has nothing to be told."""
        if self._knows == NOT_ALL:
            return False
        above = self._all_above(position)
        by_stream = not above and self._knows == super().told(position)
        return by_stream or self._knows == self._digest_of(above)

    def _digest_of(self, above: list[Above]) -> bytes:
        return self._digest(above) if above or self.rooms else NOTHING_ELSE

    def _all_above(self, position: int) -> list[Above]:
        """What was changed or named after a position: versions of users, and when what was named."""
        changed = [("", topic.name, topic.version) for topic in self.topics if topic.changed > position]
        return sorted(changed if self.following is None else changed + self.following.begun(position))

    def _last_word(self) -> bytes:
        """Where its client stands now; the same as before, if it was told nothing."""
        press = self.hub.press
        if not press.key or not (self.live or self.stale):
            return b""
        return encode.place(press.cursor(self.here if self.live else self.place(self.resume or 0, STALE)))

    def _next(self) -> float:
        return super()._next() if self.stale else min(super()._next(), self._troubled_at + PATIENCE)

    def _trouble(self, now: float) -> bool:
        """Whether the store is out of reach for so long that it has to be told."""
        trouble = super()._trouble(now)
        self._troubled_at = min(self._troubled_at, now) if trouble else NEVER
        return trouble and (self.stale or now >= self._troubled_at + PATIENCE)

    def _replay(self, frames: list[bytes], now: float) -> None:
        """Everything to who has nothing; to others only what they were not told."""
        if self.resume is None:
            super()._replay(frames, now)
            return
        self.cursor_at = now
        if not self._knows_all(self.resume):
            records = [topic.encoded for topic in self._since(self.resume)]
            if records:
                frames.append(encode.presence_parts(records, self.hub.press.cursor(self.here)))
            self._tell_rooms(frames, now)
