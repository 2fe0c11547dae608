"""Whatever is lost, in whatever order: after quiet every client's view is what the store says.

Random histories of changes, losses, gaps, wiped stores, slow peers, and clients that come, resume and go.
On the way no client sees a version go back but by a snapshot, or one record twice.
"""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sse_presence.domain.record import OFFLINE, Record
from sse_presence.fanout.stream import Stream
from tests.fanout.world import ONLINE, Sink, World

USERS = ("alice", "bob", "carol")
BODIES = (ONLINE, '"status":"idle"', OFFLINE)


class Client:
    """One client through all its connections: what it knows and where it would resume."""

    def __init__(self, world: World, users: tuple[str, ...]) -> None:
        self.world = world
        self.users = users
        self.view: dict[str, dict[str, Any]] = {}
        self.last = ""
        self.stream: Stream
        self.sink: Sink
        self.connect()

    def connect(self) -> None:
        self.seen: set[tuple[str, int]] = set()
        self.stale = False
        self.stream, self.sink = self.world.open(*self.users, last=self.last)

    def disconnect(self) -> None:
        self.read()
        self.world.hub.leave(self.stream)

    def read(self) -> None:
        for event in [event for write in self.sink.writes for event in write]:
            data = event.json()
            self.last = event.id or self.last
            if event.event == "snapshot":
                self.view, self.seen = {}, set()
                self.take(data["users"])
                assert [record["user"] for record in data["users"]] == list(self.users)
            elif event.event == "presence":
                assert self.view, "something was told before everything was"
                self.take(data["users"])
            elif event.event in {"stale", "fresh"}:
                assert self.stale != (event.event == "stale"), "told once"
                self.stale = event.event == "stale"
        self.sink.writes.clear()

    def take(self, records: list[dict[str, Any]]) -> None:
        for record in records:
            user, version = record["user"], record["version"]
            assert (user, version) not in self.seen, "told twice on one connection"
            assert version >= self.view.get(user, {"version": 0})["version"], "went back"
            self.seen.add((user, version))
            self.view[user] = record


class History:
    """One random history."""

    def __init__(self) -> None:
        self.world = World()
        self.world.begin()
        self.heard = True
        self.versions = dict.fromkeys(USERS, 0)
        self.incarnations = 1
        self.clients = [Client(self.world, USERS), Client(self.world, USERS[:1])]

    def change(self, user: str, body: str, *, lost: bool) -> None:
        self.versions[user] += 1
        record = Record(user, self.versions[user], self.world.time + 1, 0, body)
        message = self.world.publish(record)
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
        self.incarnations += 1
        self.world.wipe(f"incarnation {self.incarnations}")
        self.versions = dict.fromkeys(USERS, 0)
        self.mark()

    def settle(self) -> None:
        partition = self.world.register.partitions[0]
        if partition.settles_at is not None:
            self.world.mender._settled(partition)

    def read(self) -> None:
        """Answer what is wanted, unless another incarnation would answer than the bus knows of."""
        if self.world.register.partitions[0].line.incarnation == self.world.incarnation:
            self.world.read()
            self.world.turn()

    def step(self, name: str, client: Client, user: str, body: str) -> None:
        match name:
            case "change" | "lost change":
                self.change(user, body, lost=name == "lost change")
            case "turn":
                self.world.turn(0.4)
            case "reconnect":
                client.disconnect()
                client.connect()
            case "busy":
                client.sink.busy = True
            case "free":
                client.sink.free()
            case _:
                getattr(self, name)()

    def quiet(self) -> None:
        """No more faults: marks are heard, what is wanted is read, peers take what they are sent."""
        if not self.heard:
            self.begin()
        self.mark()
        for client in self.clients:
            client.sink.free()
        for _ in range(2):
            self.world.turn()
            self.world.read()
            self.world.turn(1.1)
            self.settle()
        for client in self.clients:
            client.read()


STEPS = (
    *("change", "change", "change", "lost change", "turn", "turn", "mark", "reconnect"),
    *("busy", "free", "lose", "begin", "wipe", "settle"),
)
ONE = st.tuples(
    st.sampled_from(STEPS),
    st.integers(0, 1),
    st.sampled_from(USERS),
    st.sampled_from(BODIES),
    st.sampled_from((True, True, False)),
)


@settings(max_examples=400, deadline=None)
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
            assert not client.stale
            for user in client.users:
                record = history.world.store.get(user, Record(user, 0, 0, 0, OFFLINE))
                assert f'"status":"{client.view[user]["status"]}"' == record.body
                assert client.view[user]["version"] == record.version
        history.world.mender.close()

    asyncio.run(run())
