"""A stored interest that streams of this process follow, or that somebody here is about to change.

Its versions order what is heard, read and changed through this process; a version that was skipped has it
read again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from sse_presence.domain.interest import InterestChange, StoredInterest, changed
from sse_presence.fanout.watched import Watched

if TYPE_CHECKING:
    from sse_presence.fanout.partition import Partition

_NOTHING: Mapping[str, int] = {}


class LiveInterest(Watched):
    """What all its streams watch at the moment, but for what their callers have no right to."""

    __slots__ = ("_heard", "stored", "waiting")

    def __init__(self, name: str, partition: Partition) -> None:
        super().__init__(name, partition)
        self.stored: StoredInterest | None = None
        self._heard = 0
        """The highest version that the bus told of."""
        self.waiting: set[asyncio.Event] = set()
        """Those who change it here, and wait until the bus tells of it."""

    @property
    def idle(self) -> bool:
        """Whether nobody needs it any more."""
        return super().idle and not self.waiting

    @property
    def users(self) -> Mapping[str, int]:
        """The users in it, and when each was added (store time)."""
        return _NOTHING if self.stored is None else self.stored.users

    @property
    def channels(self) -> Mapping[str, int]:
        """The channels in it, likewise."""
        return _NOTHING if self.stored is None else self.stored.channels

    @property
    def members(self) -> Mapping[str, int]:
        """The channels whose members are watched, likewise."""
        return _NOTHING if self.stored is None else self.stored.members

    def newer(self, stored: StoredInterest) -> bool:
        """Whether this is later than what is known."""
        return self.stored is None or stored.version > self.stored.version

    def lacks(self, version: int) -> bool:
        """Whether the bus told of a later version than this one."""
        return version < self._heard

    def told_of(self, version: int) -> bool:
        """Whether the bus told of this version, or of a later one."""
        return version <= self._heard

    def hear(self, change: InterestChange) -> StoredInterest | None:
        """Take a change from the bus; what the interest becomes, if that is known and later."""
        self._heard = max(self._heard, change.version)
        for event in self.waiting:
            event.set()
        if self.stored is None or change.version != self.stored.version + 1:
            return None
        return changed(self.stored, change)

    def forget(self) -> None:
        """Another store speaks: it may have lost changes, and then its versions begin again."""
        self._heard = 0
        if self.stored is not None:
            self.stored = msgspec.structs.replace(self.stored, version=0)
