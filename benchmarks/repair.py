"""How long mending what is watched keeps a process from its other work.

Run with `python -m benchmarks.repair`. 2,000 streams watch 100,000 users that no two of them share; then the
bus is cut, with nothing changed meanwhile and with 100 users changed, and at last the store is emptied. Each
time the longest stall of the server's event loop is taken, in CPU time, from the fault until all streams were
told that it is mended, and the time that took. Client and server share the machine.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from redis.asyncio import Redis

from benchmarks.streams import POOLS, STREAMS, Server, beaten, opened, served
from sse_presence.domain.signal import Override
from sse_presence.settings import Settings
from sse_presence.store.client import Client
from sse_presence.store.embedded import embedded
from sse_presence.store.store import Store

POOL = POOLS[-1]
CHANGED = 100
QUIET = 5.0
"""Seconds that the server has to itself before each fault."""
HEARTBEAT = "5"
"""Seconds: a store that came back empty is believed after four of them."""

Fault = Callable[[Redis], Awaitable[None]]


async def cut(store: Redis) -> None:
    """The bus breaks."""
    await store.client_kill_filter(_type="pubsub")


async def empty(store: Redis) -> None:
    """The store loses everything."""
    await store.flushall()


@asynccontextmanager
async def changing(redis_url: str) -> AsyncIterator[Fault]:
    """The bus breaks, and many change while it is broken."""
    store = Store(Client(redis_url), Settings())
    dnd = Override(status="dnd")

    async def cut_and_change(redis: Redis) -> None:
        await cut(redis)
        step = POOL // CHANGED
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


async def measured(
    server: Server, crowd: Crowd, store: Redis, fault: Fault, *events: bytes
) -> list[tuple[float, float]]:
    """(longest stall in ms, seconds taken) until all streams had each of these events."""
    await asyncio.sleep(QUIET)
    await server.stall()
    await asyncio.sleep(0.2)
    begun = time.perf_counter()
    await fault(store)
    found = []
    for name in events:
        await crowd.until(name)
        taken = time.perf_counter() - begun
        found.append((await server.stall(), taken))
        await asyncio.sleep(0.2)
    return found


async def main() -> None:
    """Measure, and print one table."""
    os.environ["SSE_PRESENCE_HEARTBEAT"] = HEARTBEAT
    with embedded() as redis_url:
        async with served(redis_url) as server, Redis.from_url(redis_url) as store:
            await beaten(redis_url, POOL)
            streams = [await opened(server.port, number, POOL) for number in range(STREAMS)]
            crowd = Crowd([reader for reader, _ in streams])
            async with changing(redis_url) as cut_and_change:
                rows = {
                    "bus cut, nothing changed": await measured(server, crowd, store, cut, b"fresh"),
                    f"bus cut, {CHANGED} changed": await measured(
                        server, crowd, store, cut_and_change, b"fresh"
                    ),
                    "store emptied, then believed": await measured(
                        server, crowd, store, empty, b"snapshot", b"snapshot"
                    ),
                }
            crowd.close()
            for _, writer in streams:
                writer.close()
    print(f"{STREAMS} streams, {POOL} watched users\n")
    print(f"  {'':<30}{'longest stall':>16}{'all told after':>16}")
    for name, found in rows.items():
        for stall, taken in found:
            print(f"  {name:<30}{stall:>13.0f} ms{taken:>14.1f} s")


if __name__ == "__main__":
    asyncio.run(main())
