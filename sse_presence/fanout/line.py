"""How far the bus of one partition has been heard: pure, one message at a time.

The numbers leave no doubt about loss: whoever hears every number has missed nothing. A line says what a
message means for those who follow it; what to do about a hole or a new incarnation is the hub's business.
"""

from __future__ import annotations

from enum import Enum

from sse_presence.domain.message import Message

SILENCE = 5
"""Seconds without a mark after which the store cannot be counted on: sweeps mark every second or two."""


class Heard(Enum):
    """What a message means for those who follow the line."""

    NEXT = "apply it: the next one, or one that a reading already covers"
    HOLE = "apply it, and read again: something before it was lost"
    OTHER = "the store has another incarnation"
    LATE = "ignore it: from before the present incarnation"


class Line:
    """The place of one partition's bus."""

    __slots__ = ("connected", "era", "former", "incarnation", "latest", "seq", "silence")

    def __init__(self) -> None:
        self.incarnation: str | None = None
        self.former: str | None = None
        self.seq = 0
        self.latest = 0
        """Store time of the last mark heard."""
        self.era = 0
        """Raised with every gap: what was read in an older era may be outdated."""
        self.connected = False
        self.silence = 0
        """Seconds, counted by the watch, since the last mark."""

    def hear(self, message: Message) -> Heard:
        """Take a message's number and mark."""
        if message.incarnation != self.incarnation:
            return Heard.LATE if message.incarnation == self.former else Heard.OTHER
        whole = message.seq <= self.seq + 1
        self.seq = max(self.seq, message.seq)
        if message.mark:
            self.latest = max(self.latest, message.time)
            self.silence = 0
        return Heard.NEXT if whole else Heard.HOLE

    def begin(self, incarnation: str, seq: int, position: int) -> None:
        """Go on, in a new era, at a place that was read from the store or told by a message."""
        if incarnation != self.incarnation:
            self.former, self.incarnation = self.incarnation, incarnation
            self.seq, self.latest = seq, position
        else:
            self.seq, self.latest = max(self.seq, seq), max(self.latest, position)
        self.connected, self.silence = True, 0
        self.era += 1

    def miss(self) -> None:
        """What was read so far may be outdated."""
        self.era += 1

    def end(self) -> None:
        """Nothing is heard any more."""
        self.connected = False
        self.era += 1

    def second(self) -> bool:
        """One second passed; True when the line has just become too silent to be trusted.

        Counted instead of measured, so that a process that was itself asleep does not blame the store.
        """
        self.silence += 1
        return self.connected and self.silence >= SILENCE
