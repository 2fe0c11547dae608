"""`repair`: how long mending what is watched keeps a process from its other work.

2,000 streams watch 100,000 users that no two of them share; then the bus is cut, with nothing changed
meanwhile and with 100 users changed, and at last the store is emptied. Each time the longest stall of the
server's event loop is taken, in CPU time, from the fault until all streams were told that it is mended, and
the time that took.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from redis.asyncio import Redis

from benchmarks.benchmark import SERVICE, Benchmark, Figures, Scale, Target
from benchmarks.people import beaten
from benchmarks.subject import Subject, inside
from sse_presence.domain.signal import Override
from sse_presence.settings import Settings
from sse_presence.store.client import Client
from sse_presence.store.store import Store

STREAMS = 2_000
WATCHED = 50
CHANGED = 100
QUIET = 5.0
"""Seconds that the server has to itself before each fault."""
SHORT = {"heartbeat": "5", "renewal_ceiling": "180"}
"""A store that came back empty is believed after four intervals."""

Fault = Callable[[Redis], Awaitable[None]]


async def cut(store: Redis) -> None:
    """The bus breaks."""
    await store.client_kill_filter(_type="pubsub")


async def empty(store: Redis) -> None:
    """The store loses everything."""
    await store.flushall()


@asynccontextmanager
async def changing(redis_url: str, pool: int) -> AsyncIterator[Fault]:
    """The bus breaks, and many change while it is broken."""
    store = Store(Client(redis_url), Settings())
    dnd = Override(status="dnd")

    async def cut_and_change(redis: Redis) -> None:
        await cut(redis)
        step = pool // CHANGED
        await asyncio.gather(*(store.status(f"user-{number * step}", dnd) for number in range(CHANGED)))

    yield cut_and_change
    await store.close()


class Crowd:
    """All streams, read in the background; counts those that have been told something."""

    def __init__(self, readers: list[asyncio.StreamReader]) -> None:
        self._told: dict[bytes, set[int]] = {}
        self._news = asyncio.Event()
        self._reading = [asyncio.create_task(self._read(*one)) for one in enumerate(readers)]

    async def _read(self, number: int, reader: asyncio.StreamReader) -> None:
        while line := await reader.readline():
            if line.startswith(b"event: "):
                self._told.setdefault(line[7:-1], set()).add(number)
                self._news.set()

    async def until(self, name: bytes) -> None:
        """Wait until all were told this event, then forget what was told."""
        while len(self._told.get(name, ())) < len(self._reading):
            self._news.clear()
            await self._news.wait()
        self._told.clear()

    def close(self) -> None:
        """Read no more."""
        for task in self._reading:
            task.cancel()


async def opened(port: int, number: int, pool: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A stream that has had its snapshot."""
    users = "&".join(f"user=user-{(number * WATCHED + each) % pool}" for each in range(WATCHED))
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET /v1/events?as=watcher-{number}&{users} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    await reader.readuntil(b"event: snapshot")
    await reader.readuntil(b"\n\n")
    return reader, writer


async def mended(subject: Subject, crowd: Crowd, store: Redis, fault: Fault, *events: bytes) -> Figures:
    """Longest stalls and seconds taken until all streams had each of these events."""
    await asyncio.sleep(QUIET)
    await subject.server.ask({})
    await asyncio.sleep(0.2)
    begun = time.perf_counter()
    await fault(store)
    figures: Figures = {}
    for number, name in enumerate(events, 1):
        await crowd.until(name)
        taken = time.perf_counter() - begun
        what = f"{name.decode()} {number}" if len(events) > 1 else name.decode()
        figures |= {
            f"s until {what}": taken,
            f"ms of stall, {what}": (await subject.server.ask({}))["stall_ms"],
        }
        await asyncio.sleep(0.2)
    return figures


async def measure(scale: Scale) -> Figures:
    """One fault after another."""
    streams = scale.of(STREAMS, CHANGED)
    pool = streams * WATCHED
    figures: Figures = {}
    async with inside(**SHORT) as subject, Redis.from_url(subject.store_url) as store:
        await beaten(subject, pool)
        opens = [await opened(subject.port, number, pool) for number in range(streams)]
        crowd = Crowd([reader for reader, _ in opens])
        async with changing(subject.store_url, pool) as cut_and_change:
            for what, fault, events in (
                ("bus cut", cut, (b"fresh",)),
                (f"bus cut, {CHANGED} changed", cut_and_change, (b"fresh",)),
                ("store emptied", empty, (b"snapshot", b"snapshot")),
            ):
                found = await mended(subject, crowd, store, fault, *events)
                figures |= {f"{what}: {name}": value for name, value in found.items()}
        crowd.close()
        for _, writer in opens:
            writer.close()
    figures[STALL] = max(value for name, value in figures.items() if "stall" in name)
    return figures


STALL = "ms of the longest stall"

REPAIR = Benchmark(
    name="repair",
    says=f"{STREAMS} streams, {STREAMS * WATCHED} watched users, and faults of the store",
    contenders={SERVICE: measure},
    targets=(Target(STALL, "<=", 200),),
    most_rounds=1,
    by_default=False,
)
