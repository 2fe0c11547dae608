"""The store goes away and comes back: noticed, told, waited for without a hang, and nobody leaves by it."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from enum import Enum
from itertools import dropwhile
from pathlib import Path
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from sse_presence.domain.signal import Heartbeat
from sse_presence.settings import settings_from
from sse_presence.store.client import Client
from sse_presence.store.embedded import binary
from sse_presence.store.store import Store
from tests.cases.caller import LATE, SHORT
from tests.cases.sight import becomes
from tests.conftest import Events, Serve
from tests.faults.proxy import Proxy
from tests.running import environment, meanwhile
from tests.stores.machines import Machine, until
from tests.stream import Stream

NOTICED = 10.0
"""Seconds within which a store that says nothing is noticed."""
REFUSED = 2.0
"""Seconds within which a signal that cannot be stored is told so."""
ARRIVES = 5.0
"""Seconds after the store's return within which a change arrives."""
WORKS = 10.0
"""Seconds after another server has taken over within which everything works."""
LONG = SHORT | {"heartbeat": 1.5, "status_rate": "off"}
"""A life that a busy machine does not cut short; a store that came back without its state settles for 6 s."""
LONGER = LONG | {"heartbeat": 4}
"""Likewise, where nobody waits for it to settle."""
DURABLE = ("--save", "", "--appendonly", "yes", "--appendfsync", "always")
FORGETFUL = ("--save", "", "--notify-keyspace-events", "", "--repl-diskless-sync-delay", "0")


class Successor(Enum):
    """Who takes over."""

    REPLICA = "a replica that is in step, after the master's death"
    OVER_THE_LIVING = "one whose master lives on as its replica, on all connections that it had"
    EMPTY = "a server that knows nothing"


class Place:
    """A server behind an address that may stop answering, or lead to another one."""

    def __init__(self, folder: Path, options: tuple[str, ...]) -> None:
        self._folder = folder
        self._options = options
        self._machines = [Machine(folder / "0", binary(), options)]
        self.proxy = Proxy(self.machine.port)

    @property
    def machine(self) -> Machine:
        """The server that is there now."""
        return self._machines[-1]

    @property
    def url(self) -> str:
        """Its address, for good."""
        return f"redis://127.0.0.1:{self.proxy.port}"

    async def answers(self) -> bool:
        """Whether the server does."""
        return await self.machine.ask("PING") is not None

    async def restart(self) -> None:
        """The same server again, with what it had written down."""
        last = self.machine
        self._machines.append(Machine(last.folder, last.command, last.options, port=last.port))
        await until(self.answers, "the server answers again")

    async def replace(self, by: Successor) -> None:
        """Another server takes over: new connections lead to it."""
        old, name = self.machine, str(len(self._machines))
        self._machines.append(Machine(self._folder / name, binary(), self._options))
        await until(self.answers, "the other server answers")
        if by is not Successor.EMPTY:
            await self.machine.ask("REPLICAOF", "127.0.0.1", old.port)
            await until(self.in_step, "the replica is in step")
            await asyncio.sleep(5 * SHORT["sweep"])  # a server changes its name with its first replica
            await old.ask("WAIT", 1, 5_000)
        self.proxy.lead_to(self.machine.port)
        if by is Successor.OVER_THE_LIVING:
            await self.machine.ask("REPLICAOF", "NO", "ONE")
            await old.ask("REPLICAOF", "127.0.0.1", self.machine.port)
            return
        self.proxy.cut()
        await old.kill()
        await self.machine.ask("REPLICAOF", "NO", "ONE")
        self.proxy.mend()

    async def in_step(self) -> bool:
        """Whether the server there now follows its master."""
        told = await self.machine.ask("INFO", "replication")
        return bool(told) and told.get("master_link_status") == "up"

    async def close(self) -> None:
        """End all of it."""
        await self.proxy.close()
        for machine in self._machines:
            await machine.close()


Behind = Callable[[tuple[str, ...]], AbstractAsyncContextManager[Place]]


@pytest.fixture
def behind(tmp_path: Path) -> Behind:
    @asynccontextmanager
    async def begin(options: tuple[str, ...]) -> AsyncIterator[Place]:
        place = Place(tmp_path, options)
        await place.proxy.start()
        try:
            await until(place.answers, "the server answers")
            yield place
        finally:
            await place.close()

    return begin


class Clients:
    """Users who beat on whatever happens, and what they were answered."""

    def __init__(self, url: str, *users: str) -> None:
        self.users = users
        self._url = url
        self._http = httpx.AsyncClient(trust_env=False, timeout=20)
        self.refused: list[tuple[float, httpx.Response]] = []
        """How long each refusal took, and it."""

    async def signal(self, user: str, path: str, **body: Any) -> bool:
        """Whether a signal was taken; if not, it was refused as promised."""
        begun = time.monotonic()
        answer = await self._http.post(f"{self._url}/v1/{path}", params={"as": user}, json=body)
        if answer.status_code == httpx.codes.OK:
            return True
        assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE, answer.text
        assert int(answer.headers["retry-after"]) >= 1
        self.refused.append((time.monotonic() - begun, answer))
        return False

    async def beat(self) -> bool:
        """Whether everybody's heartbeat was taken."""
        return all(
            await asyncio.gather(*(self.signal(user, "heartbeat", device="laptop") for user in self.users))
        )

    async def beat_on(self) -> None:
        """For ever."""
        while True:
            await self.beat()
            await asyncio.sleep(0.4)

    async def change(self, user: str, text: str) -> float:
        """A change, tried until it is taken; the moment when it was first tried."""
        begun = time.monotonic()
        await until(lambda: self.signal(user, "status", status="dnd", text=text), "the change is taken")
        return begun

    async def ready(self) -> bool:
        """What the process says of itself."""
        return (await self._http.get(f"{self._url}/readyz")).status_code == httpx.codes.OK

    async def unready(self) -> bool:
        """Likewise."""
        return not await self.ready()

    async def close(self) -> None:
        """Go."""
        await self._http.aclose()


@asynccontextmanager
async def clients(url: str, *users: str) -> AsyncIterator[Clients]:
    """They beat until the block ends, and for the first time before it begins."""
    everybody = Clients(url, *users)
    await until(everybody.ready, "the process is ready")
    assert await everybody.beat()
    async with meanwhile(everybody.beat_on()):
        yield everybody
    await everybody.close()


def never_left(stream: Stream, *users: str) -> bool:
    """Whether nobody was shown offline who had been shown otherwise."""
    return all("offline" not in dropwhile("offline".__eq__, stream.statuses(user)) for user in users)


async def text_of(stream: Stream, user: str, text: str) -> float:
    """The moment when this text was shown."""
    while (await stream.record(user)).get("text") != text:
        pass
    return stream.received[-1].at


async def freeze(place: Place) -> None:
    place.machine.process.send_signal(signal.SIGSTOP)


async def thaw(place: Place) -> None:
    place.machine.process.send_signal(signal.SIGCONT)


async def swallow(place: Place) -> None:
    place.proxy.swallow()


async def mend(place: Place) -> None:
    place.proxy.mend()


async def stop(place: Place) -> None:
    await place.machine.kill()


async def restart(place: Place) -> None:
    await asyncio.sleep(2)
    await place.restart()


@pytest.mark.parametrize(
    ("breaks", "recovers"),
    [(freeze, thaw), (swallow, mend), (stop, restart)],
    ids=["frozen", "black-holed", "restarted"],
)
async def test_c35_the_store_is_away_for_a_while(
    behind: Behind, serve: Serve, events: Events, breaks: Any, recovers: Any
) -> None:
    """Noticed within ten seconds also where nothing breaks but answers stay out; signals never hang."""
    async with behind(DURABLE) as place:
        url = serve(redis_url=place.url, **LONGER).url
        async with clients(url, "alice", "bob") as users, events(url, "alice", "bob") as stream:
            await becomes(stream, "alice", "online")
            begun = time.monotonic()
            await breaks(place)
            assert (await stream.next("stale")).at - begun < NOTICED
            await until(users.unready, "the process is not ready")
            assert time.monotonic() - begun < NOTICED + LATE
            assert (
                await users.signal("alice", "typing", device="laptop", channel="room", typing=True) is False
            )
            await recovers(place)
            back = time.monotonic()
            await users.change("alice", "back")
            assert await text_of(stream, "alice", "back") - back < ARRIVES + LATE
            await until(users.ready, "the process is ready")
            names = [event.name for event in stream.received]
            if "fresh" not in names[names.index("stale") :]:
                await stream.next("fresh")
            assert never_left(stream, "alice", "bob")
            assert users.refused
            assert max(took for took, _ in users.refused) < REFUSED + LATE
            assert {answer.json()["code"] for _, answer in users.refused} == {"store-unavailable"}


async def test_killed_connections_cost_no_signal(serve: Serve, events: Events, redis_url: str) -> None:
    """A command is tried once more on a connection that turned out to be dead; the bus has one of its own."""
    url = serve(**LONG).url
    async with (
        clients(url, "alice", "bob") as users,
        events(url, "alice", "bob") as stream,
        Redis.from_url(redis_url) as redis,
    ):
        await becomes(stream, "alice", "online")
        for number in range(10):
            await redis.client_kill_filter(_type="normal")
            assert await users.signal("alice", "status", status="dnd", text=f"change {number}")
        await text_of(stream, "alice", "change 9")
        assert not users.refused
        assert "stale" not in [event.name for event in stream.received]


async def test_c37_flushall_while_five_hundred_beat(serve: Serve, events: Events, redis_url: str) -> None:
    crowd = [f"user-{number}" for number in range(500)]
    url = serve(**LONG).url
    elsewhere = Store(Client(redis_url), settings_from(environment(redis_url, LONG)))

    async def beat_on() -> None:
        while True:
            beat = Heartbeat(device="laptop", interval=1_500)
            await asyncio.gather(*(elsewhere.heartbeat(user, beat) for user in crowd))
            await asyncio.sleep(0.3)

    async with meanwhile(beat_on()), events(url, *crowd) as stream, Redis.from_url(redis_url) as redis:
        for user in crowd:
            await becomes(stream, user, "online")
        await redis.flushall()
        last_known = await stream.next("snapshot")
        while "settling_ms" not in last_known.data:
            last_known = await stream.next("snapshot")
        while "settling_ms" in (truth := await stream.next("snapshot")).data:
            pass
        for snapshot in (last_known, truth):
            assert {record["status"] for record in snapshot.data["users"]} == {"online"}
        assert never_left(stream, *crowd)
    await elsewhere.close()


@pytest.mark.parametrize("successor", Successor, ids=["c37-replica", "c37-demoted", "c21-empty"])
async def test_another_server_takes_over_behind_the_same_address(
    behind: Behind, serve: Serve, events: Events, successor: Successor
) -> None:
    """On another port, promoted or empty: all works without a restart, and nobody who beats leaves."""
    names = [f"user-{number}" for number in range(20)]
    async with behind(FORGETFUL) as place:
        url = serve(redis_url=place.url, **LONG).url
        async with clients(url, *names) as users, events(url, *names) as stream:
            for name in names:
                await becomes(stream, name, "online")
            before = stream.last_id
            await place.replace(successor)
            back = time.monotonic()
            await until(users.beat, "all signals are taken again")
            await users.change("user-3", "hello again")
            assert await text_of(stream, "user-3", "hello again") - back < WORKS + LATE
            async with events(url, *names, last=before) as late:
                assert (await late.next("hello")).data["resumed"] is False
                await late.next("snapshot")
                await users.change("user-7", "still here")
                await text_of(late, "user-7", "still here")
                while "settling_ms" in (truth := await stream.next("snapshot")).data:
                    pass
                shown = {record["user"]: record["status"] for record in truth.data["users"]}
                assert shown == dict.fromkeys(names, "online") | {"user-3": "dnd", "user-7": "dnd"}
                assert never_left(late, *names)
            assert never_left(stream, *names)
