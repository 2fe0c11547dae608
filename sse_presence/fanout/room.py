"""One channel, shared by all streams of the process that watch it: who types there, and who is there."""

from __future__ import annotations

from asyncio import TimerHandle
from typing import TYPE_CHECKING

from sse_presence.domain.cursor import told_digest
from sse_presence.domain.record import TypingList
from sse_presence.fanout.roster import Roster
from sse_presence.fanout.watched import Watched
from sse_presence.sse.encode import roll_json

if TYPE_CHECKING:
    from sse_presence.fanout.partition import Partition

BUSY = 100
"""Watchers above which a channel's typing is announced in the longer window."""


class Room(Watched):
    """A channel."""

    __slots__ = (
        "_digest", "_told", "announced_at", "listed", "messages", "news", "roster", "timer",
    )  # fmt: skip

    def __init__(self, name: str, partition: Partition) -> None:
        super().__init__(name, partition)
        self.listed = TypingList(name, 0, ())
        self.messages = 0
        """Lists heard: one that came while the list was read is newer than the reading."""
        self.news: set[str] | None = set()
        """Whose typing changed since it was last announced; None where there are too many to tell."""
        self.announced_at = float("-inf")
        self.timer: TimerHandle | None = None
        """The announcement that is due at the end of a busy channel's window."""
        self.roster = Roster()
        self._told: tuple[int, bytes | None] | None = None
        """A place in the roster, and what is to be told from there on: the same for most streams."""
        self._digest: bytes | None = None

    @property
    def busy(self) -> bool:
        """Whether so many watch that typing is announced in the longer window."""
        return len(self.watchers) > BUSY

    def take(self, listed: TypingList) -> bool:
        """Keep a list; whether it differs."""
        last = self.listed
        if listed == last:
            return False
        self.listed, self._digest = listed, None
        if listed.count > len(listed.typists) or last.count > len(last.typists):
            self.news = None
        if self.news is not None:
            self.news |= {typist.user for typist in set(listed.typists) ^ set(last.typists)}
        return True

    def concerns(self, viewer: str | None) -> bool:
        """Whether the news are more than the viewer's own typing."""
        return self.news is None or bool(self.news - {viewer})

    def forget(self) -> None:
        """Another store speaks."""
        self.roster.forget()

    def rolled(self) -> None:
        """The roster changed."""
        self._told = self._digest = None

    def roll_json(self, place: int) -> bytes | None:
        """What somebody is told who knows who was there at a place of the roster; None for nothing."""
        if self._told is None or self._told[0] != place:
            roll = self.roster.roll(self.name, place)
            self._told = place, None if roll is None else roll_json(roll)
        return self._told[1]

    def told(self, viewer: str | None) -> bytes:
        """Digest of all that a viewer is told of it; the same for all who do not type."""
        if any(typist.user == viewer for typist in self.listed.typists):
            return self._digest_for(viewer)
        if self._digest is None:
            self._digest = self._digest_for(None)
        return self._digest

    def _digest_for(self, viewer: str | None) -> bytes:
        typists = [typist for typist in self.listed.typists if typist.user != viewer]
        count = self.listed.count - len(self.listed.typists) + len(typists)
        members = sorted(self.roster.members)  # also where they are not named: their records may be followed
        return told_digest(self.name, count, typists, self.roster.count, members)
