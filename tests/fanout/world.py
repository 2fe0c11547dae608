"""A fan-out without a store, a bus or a network: tests speak for the bus, and read what was sent.

Time moves only by `turn(seconds)`; what is due then is done before it returns.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from httpx_sse import ServerSentEvent
from httpx_sse._decoders import SSEDecoder, SSELineDecoder

from sse_presence.domain import interest
from sse_presence.domain.cursor import derive_key
from sse_presence.domain.interest import Interest, InterestChange, StoredInterest
from sse_presence.domain.message import Message
from sse_presence.domain.record import OFFLINE, Record, TypingList, Typist
from sse_presence.domain.rights import EVERYTHING, Identity
from sse_presence.domain.roll import LISTED, Roll
from sse_presence.fanout.clock import StoreClock
from sse_presence.fanout.hub import Hub
from sse_presence.fanout.live_interest import LiveInterest
from sse_presence.fanout.mender import Mender
from sse_presence.fanout.opening import Opening
from sse_presence.fanout.pace import pace_from
from sse_presence.fanout.pump import Pump
from sse_presence.fanout.register import Register
from sse_presence.fanout.room import Room
from sse_presence.fanout.stream import Stream
from sse_presence.fanout.wanted import Wanted
from sse_presence.fanout.watched import OwnTopic, Topic, Watched
from sse_presence.settings import Settings

ONLINE = '"status":"online"'
START = 1_800_000_000_000
LIVENESS = 45.0


def record(user: str, version: int, body: str = ONLINE, *, changed: int | None = None) -> Record:
    """One record; by default it changed long before the world began."""
    return Record(user, version, version if changed is None else changed, 0, body)


class Sink:
    """A peer that takes everything, or nothing while `busy`; a `slow` one takes what it is told to."""

    def __init__(self) -> None:
        self.ready: Callable[[], None] = lambda: None
        self.look = float("inf")
        self.busy = self.slow = self.moved = False
        self.ended = False
        self.aborted = False
        self.writes: list[list[ServerSentEvent]] = []
        self._lines = SSELineDecoder()
        self._events = SSEDecoder()

    def progressed(self) -> bool:
        moved, self.moved = self.moved, False
        return moved

    def write(self, data: bytes) -> bool:
        assert not self.busy
        assert not self.ended
        self.busy, self.moved = self.slow, False
        read = [self._events.decode(line) for line in self._lines.decode(data.decode())]
        self.writes.append([event for event in read if event is not None])
        return self.slow

    def end(self, data: bytes) -> None:
        self.write(data)
        self.ended = True

    def abort(self) -> None:
        self.aborted = True

    def take_some(self) -> None:
        """Take something of what was written, but not all."""
        self.moved = True
        if self.look == float("inf"):
            self.ready()

    def free(self) -> None:
        """Take everything again."""
        self.busy = False
        self.ready()

    def take(self) -> list[tuple[str, Any]]:
        """Events since last asked, without hello."""
        events = [event for write in self.writes for event in write if event.event != "hello"]
        self.writes.clear()
        return [(event.event, event.json()) for event in events]

    def names(self) -> list[str]:
        return [name for name, _ in self.take()]


class World:
    """One process's fan-out, on a bus that the test speaks for."""

    def __init__(self, *, partitions: int = 1, key: bytes = b"secret", **settings: Any) -> None:
        self.settings = Settings(**settings)
        self.pump = Pump()
        self.wanted = Wanted()
        self.register = Register(partitions, lambda name: sum(name.encode()) % partitions)
        self.clock = StoreClock()
        self.mender = Mender(self.register, self.wanted, self.pump, self.clock, LIVENESS)
        self.hub = Hub(
            self.register, self.mender, self.wanted, self.pump, self.clock, pace_from(self.settings)
        )
        self.hub.press.key = derive_key(key)
        self.hub.retention = self.settings.retention
        self.seq = [0] * partitions
        self.time = START
        self.incarnation = "first"
        self.store: dict[str, Record] = {}
        """What a reading finds; users not named here were never seen."""
        self.lists: dict[str, TypingList] = {}
        self.members: dict[str, set[str]] = {}
        self.interests: dict[str, StoredInterest] = {}
        self.ahead = 0.0

    # The bus

    def begin(self) -> None:
        """The bus is heard, from where the store stands."""
        self.mender.regained({n: (self.incarnation, seq, self.time) for n, seq in enumerate(self.seq)})

    def lose(self) -> None:
        self.mender.lost(range(len(self.seq)))

    def publish(
        self, *records: Record, own: tuple[Record, ...] = (), number: int = 0, **more: Any
    ) -> Message:
        """What the store would publish next; `hear` it, or lose it."""
        self.seq[number] += 1
        self.time += 1
        self.store.update((one.user, one) for one in records)
        return Message(
            incarnation=self.incarnation,
            seq=self.seq[number],
            time=self.time,
            mark=more.get("mark", False),
            public=records,
            own=own,
            typing=more.get("typing", ()),
            rolls=more.get("rolls", ()),
            interests=more.get("interests", ()),
        )

    def hear(self, *records: Record, number: int = 0, **more: Any) -> None:
        self.hub.hear(number, self.publish(*records, number=number, **more))

    def mark(self, number: int = 0) -> None:
        self.time += 1000
        self.hear(mark=True, number=number)

    def type(self, channel: str, *users: str, lasting: int = 6_000) -> None:
        """Say who types in a channel."""
        listed = TypingList(channel, len(users), tuple(Typist(u, self.time + lasting) for u in users))
        self.lists[channel] = listed
        self.hear(typing=(listed,))

    def roll(self, channel: str, *, joined: tuple[str, ...] = (), left: tuple[str, ...] = ()) -> Roll:
        """Let people come to a channel and go, and say what the store would publish of it."""
        before = self.members.get(channel, set())
        now = self.members[channel] = (before - set(left)) | set(joined)
        listed = tuple(sorted(now)) if len(now) <= LISTED < len(before) else None
        if listed is not None or len(now) > LISTED:
            joined, left = (), ()
        return Roll(channel, len(now), listed, joined, left, self.time + 1)

    def enter(self, channel: str, *users: str) -> None:
        """Say that users joined a channel."""
        self.hear(rolls=(self.roll(channel, joined=users),))

    def exit(self, channel: str, *users: str) -> None:
        """Say that users left a channel."""
        self.hear(rolls=(self.roll(channel, left=users),))

    def keep(self, owner: str = "alice", *, users: tuple[str, ...] = (), **more: tuple[str, ...]) -> str:
        """Have an interest stored."""
        lists = (
            dict.fromkeys(names, self.time)
            for names in (users, more.get("channels", ()), more.get("members", ()))
        )
        self.interests["interest"] = StoredInterest("interest", owner, 1, *lists)
        return "interest"

    def changed(self, **lists: tuple[str, ...]) -> InterestChange:
        """Let a stored interest change, and say what the store would publish of it."""
        stored = self.interests["interest"]
        change = InterestChange(stored.id, stored.version + 1, self.time + 1, **lists)
        self.interests["interest"] = interest.changed(stored, change)
        return change

    def patch(self, **lists: tuple[str, ...]) -> None:
        """Say that a stored interest changed."""
        self.hear(interests=(self.changed(**lists),))

    def wipe(self, incarnation: str) -> None:
        """The store comes back empty."""
        self.incarnation, self.seq, self.store = incarnation, [0] * len(self.seq), {}
        self.members, self.interests = {}, {}

    # The store

    def read(self) -> list[Watched]:
        """Answer everything that is wanted; nothing is spared."""
        done: list[Watched] = []
        while asked := self.ask():
            for answer in asked.values():
                answer()
            done += asked
            self.wanted.done(list(asked))
        self.wanted.read(*(watched for watched in done if watched.watchers and not watched.current))
        return done

    def ask(self) -> dict[Watched, Callable[[], None]]:
        """Ask for all that is wanted; the answers, as of now, to be given now or later."""
        while (number := self.wanted.take_gap()) is not None:
            everything = self.register.partitions[number].watched()
            for one in everything:
                if not one.current:
                    self.wanted.read(one)
                elif one.partition.settling and isinstance(one, Topic):
                    self.wanted.read_again(one)
        return {watched: self._asked(watched) for watched in self.wanted.take(10_000)}

    def _asked(self, watched: Watched) -> Callable[[], None]:
        if isinstance(watched, Room):
            listed = self.lists.get(watched.name, TypingList(watched.name, 0, ()))
            watched.roster.ask()
            return partial(self.hub.take_room, watched, listed, watched.messages, self.whole(watched.name))
        if isinstance(watched, LiveInterest):
            return partial(self.hub.take_interest, watched, self.interests.get(watched.name))
        assert isinstance(watched, Topic)
        never = Record(watched.name, 0, 0, 0, OFFLINE)
        name = f"own {watched.name}" if isinstance(watched, OwnTopic) else watched.name
        return partial(self.hub.take_record, watched, self.store.get(name, never))

    def whole(self, channel: str) -> Roll:
        """Who is in a channel."""
        members = self.members.get(channel, set())
        return Roll(
            channel,
            len(members),
            tuple(sorted(members)) if len(members) <= LISTED else None,
            changed=self.time,
        )

    # Streams

    def opening(
        self,
        *users: str,
        channels: tuple[str, ...] = (),
        members: tuple[str, ...] = (),
        viewer: str | None = None,
        last: str = "",
        **more: Any,
    ) -> Opening:
        """What a client asks for."""
        caller = more.pop("caller", Identity(user=viewer or "", rights=EVERYTHING))
        stored = self.interests[more.pop("interest")] if "interest" in more else None
        return Opening(
            interest=Interest(viewer, users, channels, members),
            caller=caller,
            stored=stored,
            last_event_id=last,
            **more,
        )

    def open(self, *users: str, **more: Any) -> tuple[Stream, Sink]:
        """A stream that was greeted, and whatever more could be told at once."""
        sink = Sink()
        return self.hub.open(self.opening(*users, **more), sink), sink

    def live(self, *users: str, **more: Any) -> tuple[Stream, Sink]:
        """A stream that was told everything."""
        stream, sink = self.open(*users, **more)
        self.read()
        self.turn()
        sink.take()
        return stream, sink

    def turn(self, seconds: float = 0.0) -> None:
        """Let time pass and do what is due."""
        self.ahead += seconds
        now = asyncio.get_running_loop().time() + self.ahead
        self.pump._collect(now)
        while self.pump._soon:
            due, self.pump._soon = self.pump._soon, []
            self.pump._wake(due, now)
            self.pump._collect(now)


def told(user: str, version: int, status: str = "online") -> dict[str, Any]:
    return {"user": user, "status": status, "version": version}


def users(sink: Sink) -> list[list[tuple[str, int]]]:
    """User and version of each presence event since last asked."""
    return [
        [(one["user"], one["version"]) for one in data["users"]]
        for name, data in sink.take()
        if name == "presence"
    ]
