"""One partition as this process follows it: what is watched there, and whether that can be relied on."""

from __future__ import annotations

from asyncio import TimerHandle
from collections.abc import Iterator

from sse_presence.fanout.clock import StoreClock
from sse_presence.fanout.line import Line
from sse_presence.fanout.live_interest import LiveInterest
from sse_presence.fanout.room import Room
from sse_presence.fanout.watched import OwnTopic, Topic, Watched


class Partition:
    """The hub's register of one partition."""

    __slots__ = (
        "clock", "interests", "line", "number", "owns", "position", "rooms", "settles_at", "since", "sound",
        "timer", "unrepaired", "users",
    )  # fmt: skip

    def __init__(self, number: int) -> None:
        self.number = number
        self.line = Line()
        self.clock = StoreClock()
        """That of its server: those of a cluster's masters may differ."""
        self.users: dict[str, Topic] = {}
        self.owns: dict[str, OwnTopic] = {}
        self.rooms: dict[str, Room] = {}
        self.interests: dict[str, LiveInterest] = {}
        self.unrepaired: set[Watched] = set()
        """What was watched when the last gap came and has not been read since."""
        self.position = 0
        """Store time up to which nothing is missing, also of what was lost and read again."""
        self.since = 0
        """Store time at which it was last whole; 0 while it is."""
        self.sound: int | None = None
        """Era in which it was: what was current then is so still, unless it changed since `position`."""
        self.settles_at: float | None = None
        """Loop time until which the store may lack what it lost."""
        self.timer: TimerHandle | None = None
        """Wakes the hub at `settles_at`."""

    @property
    def whole(self) -> bool:
        """Whether everything watched here is what the store says."""
        return self.line.connected and not self.unrepaired

    @property
    def settling(self) -> bool:
        """Whether the store may still lack what it lost."""
        return self.settles_at is not None

    @property
    def vouched(self) -> str:
        """What cursors are issued under: some while the store may lack what it lost, others after it."""
        incarnation = self.line.incarnation or ""
        return f"{incarnation} settling" if self.settling else incarnation

    def advance(self) -> None:
        """Move the position to the last mark, unless something is missing."""
        if self.whole:
            self.position = max(self.position, self.line.latest)

    def watched(self) -> Iterator[Watched]:
        """All that is watched here."""
        yield from self.users.values()
        yield from self.owns.values()
        yield from self.rooms.values()
        yield from self.interests.values()

    def drop(self, watched: Watched) -> None:
        """Nobody watches it any more."""
        register: dict[str, Topic] | dict[str, OwnTopic] | dict[str, Room] | dict[str, LiveInterest]
        if isinstance(watched, Room):
            register = self.rooms
            if watched.timer is not None:
                watched.timer.cancel()
        elif isinstance(watched, LiveInterest):
            register = self.interests
        elif isinstance(watched, OwnTopic):
            register = self.owns
        else:
            register = self.users
        register.pop(watched.name, None)
        self.unrepaired.discard(watched)
