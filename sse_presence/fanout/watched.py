"""What is watched: one value each, shared by all streams of the process that watch it.

Only what is watched is kept. A topic is current when its state was read or heard in the present era of its
partition, that is, after the last gap; then it answers for the store.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, ClassVar

from sse_presence.domain.record import OFFLINE, Record
from sse_presence.sse.encode import record_json

if TYPE_CHECKING:
    from sse_presence.fanout.partition import Partition
    from sse_presence.fanout.stream import Stream

UNKNOWN = -2
"""The version of a record that has not been read."""

DOUBTED = -1
"""The version of one that was last known of a store that is no more: whatever is read next replaces it."""


class Watched:
    """A user, a channel or a stored interest that at least one stream watches."""

    __slots__ = ("era", "name", "partition", "watching")

    def __init__(self, name: str, partition: Partition) -> None:
        self.name = name
        self.partition = partition
        self.era = -1
        self.watching: Stream | dict[Stream, None] | None = None
        """A lone one needs nothing around it; many are kept in a dict, which is half the size of a set."""

    @property
    def watchers(self) -> Collection[Stream]:
        """The streams that watch."""
        if isinstance(self.watching, dict):
            return self.watching
        return () if self.watching is None else (self.watching,)

    @property
    def idle(self) -> bool:
        """Whether nobody needs it any more."""
        return not self.watching

    @property
    def current(self) -> bool:
        """Whether this is what the store says, but for messages still on their way."""
        return self.era == self.partition.line.era

    def forget(self) -> None:
        """Another store speaks: what was heard of the last one says nothing of its order."""


def enter(stream: Stream, watched: Iterable[Watched]) -> list[Watched]:
    """Let a stream watch all of them; those that are not current."""
    unread = []
    for one in watched:  # hundreds for one stream, so there is no call for each
        watchers = one.watching
        if isinstance(watchers, dict):
            watchers[stream] = None
        elif watchers is None:
            one.watching = stream
        else:
            one.watching = {watchers: None, stream: None}
        if one.era != one.partition.line.era:
            unread.append(one)
    return unread


def leave(stream: Stream, watched: Iterable[Watched]) -> list[Watched]:
    """Let a stream that watches all of them watch them no more; those that nobody needs now."""
    idle = []
    for one in watched:
        watchers = one.watching
        if isinstance(watchers, dict):
            del watchers[stream]
        else:
            one.watching = None
        if not one.watching and one.idle:
            idle.append(one)
    return idle


class Topic(Watched):
    """The newest record of a user, ready to be sent.

    Bodies are few and shared by all who look alike. The JSON of a record is kept only where several streams
    want it: a lone one takes it once, and most of what is watched is watched by few and waits.
    """

    __slots__ = ("_encoded", "body", "changed", "last_seen", "version")

    own: ClassVar[bool] = False

    def __init__(self, name: str, partition: Partition) -> None:
        super().__init__(name, partition)
        self.version = UNKNOWN
        self.changed = 0
        """Store time of its last change."""
        self.last_seen = 0
        self.body = OFFLINE
        self._encoded = b""

    @property
    def encoded(self) -> bytes:
        """The record as JSON."""
        if self._encoded:
            return self._encoded
        encoded = record_json(
            Record(self.name, max(self.version, 0), self.changed, self.last_seen, self.body)
        )
        if isinstance(self.watching, dict):
            self._encoded = encoded
        return encoded

    @property
    def known(self) -> bool:
        """Whether there is a record at all."""
        return self.version != UNKNOWN

    @property
    def present(self) -> bool:
        """Whether the last that was known is not offline."""
        return self.known and not self.body.startswith(OFFLINE)

    def take(self, record: Record) -> bool:
        """Keep a record if it is newer; whether it was."""
        if record.version <= self.version:
            return False
        self._become(record.version, record.changed, record.last_seen, sys.intern(record.body))
        return True

    def unversion(self) -> None:
        """The store forgot its versions: what was last known counts as older than anything new."""
        self.version, self.changed, self._encoded = 0, 0, b""

    def doubt(self) -> None:
        """Whatever the store says next is taken; until it says something, this stays what was last known.

        It was current in no era: a gap that spares it would pass it off as the truth.
        """
        if self.known:
            self.version, self._encoded = DOUBTED, b""
            self.era = -1

    def _become(self, version: int, changed: int, last_seen: int, body: str) -> None:
        self.version, self.changed, self.last_seen, self.body = version, changed, last_seen, body
        self._encoded = b""


class OwnTopic(Topic):
    """Likewise of the record that only the user itself sees; its versions are its own."""

    __slots__ = ()

    own = True
