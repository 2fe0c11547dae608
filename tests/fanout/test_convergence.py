"""Whatever is lost, in whatever order: after quiet every client's view is what the store says.

Random histories of changes, comings and goings, changed interests, losses, gaps, wiped stores, slow peers,
and clients that come, resume, poll and go. On the way no client sees a version go back but by a snapshot, one
record twice, or somebody leave who was not there; after it nobody polls in a circle.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from sse_presence.domain.record import OFFLINE, Record
from sse_presence.fanout.line import Line
from sse_presence.fanout.watched import Watched
from tests.fanout.clients import Client, Poller, Streamer
from tests.fanout.world import ONLINE, World

USERS = ("alice", "bob", "carol")
BODIES = (ONLINE, '"status":"idle"', OFFLINE)
ROOM = "room"


class History:
    """One random history."""

    def __init__(self) -> None:
        self.world = World()
        self.world.begin()
        self.heard = True
        self.versions = dict.fromkeys(USERS, 0)
        self.incarnations = 1
        self.asked: dict[Watched, Callable[[], None]] = {}
        self.era = 0
        stored = {"viewer": "dave", "interest": self.world.keep("dave", users=USERS[:2])}
        self.older = self.world.interests["interest"]
        self.clients: list[Client] = [
            Streamer(self.world, *USERS),
            Streamer(self.world, "alice", channels=(ROOM,)),
            Streamer(self.world, "carol", members=(ROOM,)),
            Streamer(self.world, **stored),
            Poller(self.world, "bob", members=(ROOM,)),
            Poller(self.world, **stored),
        ]

    def change(self, user: str, body: str, *, lost: bool) -> None:
        self.versions[user] += 1
        record = Record(user, self.versions[user], self.world.time + 1, 0, body)
        message = self.world.publish(record)
        if self.heard and not lost:
            self.world.hub.hear(0, message)

    def roll(self, user: str, *, lost: bool) -> None:
        """A user comes to the channel, or goes."""
        there = user in self.world.members.get(ROOM, ())
        roll = self.world.roll(ROOM, **{"left" if there else "joined": (user,)})
        message = self.world.publish(rolls=(roll,))
        if self.heard and not lost:
            self.world.hub.hear(0, message)

    def patch(self, user: str, body: str, *, lost: bool) -> None:
        """Something is added to the stored interest, or removed."""
        stored = self.world.interests["interest"]
        names, what = (stored.members, ROOM) if body == OFFLINE else (stored.users, user)
        kind = "members" if body == OFFLINE else "users"
        change = self.world.changed(**{f"{'remove' if what in names else 'add'}_{kind}": (what,)})
        message = self.world.publish(interests=(change,))
        if self.heard and not lost:
            self.world.hub.hear(0, message)

    def mark(self) -> None:
        if self.heard:
            self.world.mark()

    def lose(self) -> None:
        self.heard = False
        self.world.lose()

    def begin(self) -> None:
        self.heard = True
        self.world.begin()

    def wipe(self) -> None:
        """Everything is lost, but for an older state of the interest."""
        self.incarnations += 1
        self.world.wipe(f"incarnation {self.incarnations}")
        self.world.interests["interest"] = self.older
        self.versions = dict.fromkeys(USERS, 0)
        self.mark()

    def settle(self) -> None:
        partition = self.world.register.partitions[0]
        if partition.settles_at is not None:
            self.world.mender._settled(partition)

    @property
    def line(self) -> Line:
        return self.world.register.partitions[0].line

    def read(self) -> None:
        """Answer what is wanted, unless another incarnation would answer than the bus knows of."""
        if self.line.incarnation == self.world.incarnation and not self.asked:
            self.world.read()
            self.world.turn()

    def ask(self) -> None:
        """Begin a reading; until it is answered there is no other."""
        if self.line.incarnation == self.world.incarnation and not self.asked:
            self.asked, self.era = self.world.ask(), self.line.era

    def answer(self) -> None:
        """End it; what came meanwhile may be newer, and a gap makes it void."""
        asked, self.asked = self.asked, {}
        for answer in asked.values():
            if self.line.era == self.era:
                answer()
        self.world.wanted.read(*(watched for watched in asked if watched.watchers and not watched.current))

    def step(self, name: str, client: Client, user: str, body: str) -> None:
        kind, lost = name.removeprefix("lost "), name.startswith("lost ")
        match kind:
            case "change" | "patch":
                getattr(self, kind)(user, body, lost=lost)
            case "roll":
                self.roll(user, lost=lost)
            case "turn":
                self.world.turn(0.4)
            case "reconnect":
                client.disconnect()
                client.connect()
            case "busy" | "free" if isinstance(client, Streamer):
                client.sink.busy = name == "busy"
                client.sink.ready()
            case "busy" | "free":
                self.world.turn(2.5)  # those who poll are told of trouble that lasts
            case _:
                getattr(self, name)()

    def quiet(self) -> None:
        """No more faults: marks are heard, what is wanted is read, peers take what they are sent."""
        self.answer()
        if not self.heard:
            self.begin()
        self.mark()
        for client in self.clients:
            if isinstance(client, Streamer):
                client.sink.free()
        for _ in range(3):
            self.world.turn()
            self.world.read()
            self.world.turn(1.1)
            self.settle()
            for client in self.clients:
                client.read()

    def expected(self, client: Client) -> set[str]:
        """Whom a client watches."""
        members = self.world.members.get(ROOM, set())
        if "interest" in client.interest:
            stored = self.world.interests["interest"]
            return set(stored.users) | (members if ROOM in stored.members else set())
        return set(client.users) | (members if "members" in client.interest else set())

    def check(self, client: Client) -> None:
        """Its view is what the store says."""
        assert not client.stale
        watched = self.expected(client)
        assert {topic.name for topic in client.stream.topics} == watched
        for user in watched:
            record = self.world.store.get(user, Record(user, 0, 0, 0, OFFLINE))
            assert f'"status":"{client.view[user]["status"]}"' == record.body
            assert client.view[user]["version"] == record.version
        if any(room.name == ROOM for room in client.stream.rooms):
            assert client.members[ROOM] == self.world.members.get(ROOM, set())

    def check_rest(self) -> None:
        """Nothing new is nothing told: whoever polls waits."""
        polling = [client for client in self.clients if isinstance(client, Poller)]
        for client in polling:
            client.disconnect()
            client.connect()
            self.world.read()
            self.world.turn()
            client.read()
            before = client.answers
            self.world.read()
            self.world.turn()
            client.read()
            assert client.answers == before


STEPS = (
    *("change", "change", "change", "lost change", "turn", "turn", "mark", "reconnect"),
    *("roll", "roll", "lost roll", "patch", "patch", "lost patch", "ask", "answer"),
    *("busy", "free", "lose", "begin", "wipe", "settle"),
)
ONE = st.tuples(
    st.sampled_from(STEPS),
    st.integers(0, 5),
    st.sampled_from(USERS),
    st.sampled_from(BODIES),
    st.booleans(),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(ONE, min_size=10, max_size=60))
def test_after_quiet_every_view_is_what_the_store_says(steps: list[tuple[str, int, str, str, bool]]) -> None:
    async def run() -> None:
        history = History()
        for name, which, user, body, reads in steps:
            history.step(name, history.clients[which], user, body)
            if reads:
                history.read()
            for each in history.clients:
                each.read()
        history.quiet()
        for client in history.clients:
            history.check(client)
        history.check_rest()
        history.world.mender.close()

    asyncio.run(run())
