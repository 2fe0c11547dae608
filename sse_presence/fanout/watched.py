"""What is watched: one value per user or channel, shared by all streams of the process that watch it.

Only what is watched is kept. A topic is current when its state was read or heard in the present era of its
partition, that is, after the last gap; then it answers for the store.
"""

from __future__ import annotations

from asyncio import TimerHandle
from typing import TYPE_CHECKING, ClassVar

import msgspec

from sse_presence.domain.record import Record, TypingList
from sse_presence.sse.encode import record_json

if TYPE_CHECKING:
    from sse_presence.fanout.partition import Partition
    from sse_presence.fanout.stream import Stream

BUSY = 100
"""Watchers above which a channel's typing is announced in the longer window."""


class Watched:
    """A user or a channel in which at least one stream is interested."""

    __slots__ = ("era", "name", "partition", "watchers")

    def __init__(self, name: str, partition: Partition) -> None:
        self.name = name
        self.partition = partition
        self.era = -1
        self.watchers: set[Stream] = set()

    @property
    def current(self) -> bool:
        """Whether this is what the store says, but for messages still on their way."""
        return self.era == self.partition.line.era


class Topic(Watched):
    """The newest record of a user, ready to be sent."""

    __slots__ = ("encoded", "record")

    own: ClassVar[bool] = False

    def __init__(self, name: str, partition: Partition) -> None:
        super().__init__(name, partition)
        self.record: Record | None = None
        self.encoded = b""

    @property
    def changed(self) -> int:
        """Store time of its last change."""
        return 0 if self.record is None else self.record.changed

    def take(self, record: Record) -> bool:
        """Keep a record if it is newer; whether it was."""
        if self.record is not None and record.version <= self.record.version:
            return False
        self.record, self.encoded = record, record_json(record)
        return True

    def unversion(self) -> None:
        """The store forgot its versions: what was last known counts as older than anything new."""
        if self.record is not None:
            record = msgspec.structs.replace(self.record, version=0, changed=0)
            self.record, self.encoded = record, record_json(record)

    def forget(self) -> None:
        """Whatever the store says next is taken."""
        self.record = None


class OwnTopic(Topic):
    """Likewise of the record that only the user itself sees; its versions are its own."""

    __slots__ = ()

    own = True


class Room(Watched):
    """Who types in a channel."""

    __slots__ = ("announced_at", "listed", "messages", "news", "timer")

    def __init__(self, name: str, partition: Partition) -> None:
        super().__init__(name, partition)
        self.listed = TypingList(name, 0, ())
        self.messages = 0
        """Messages heard: one that came while the list was read is newer than the reading."""
        self.news: set[str] | None = set()
        """Whose typing changed since it was last announced; None where there are too many to tell."""
        self.announced_at = float("-inf")
        self.timer: TimerHandle | None = None
        """The announcement that is due at the end of a busy channel's window."""

    @property
    def busy(self) -> bool:
        """Whether so many watch that typing is announced in the longer window."""
        return len(self.watchers) > BUSY

    def take(self, listed: TypingList) -> bool:
        """Keep a list; whether it differs."""
        last = self.listed
        if listed == last:
            return False
        self.listed = listed
        if listed.count > len(listed.typists) or last.count > len(last.typists):
            self.news = None
        if self.news is not None:
            self.news |= {typist.user for typist in set(listed.typists) ^ set(last.typists)}
        return True

    def concerns(self, viewer: str | None) -> bool:
        """Whether the news are more than the viewer's own typing."""
        return self.news is None or bool(self.news - {viewer})
