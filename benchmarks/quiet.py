"""`quiet`: now and then a user changes, and those who watch it are told.

The time runs from the request that makes the change, which is before its answer, to the bytes at a watcher.
"""

from __future__ import annotations

import asyncio

from benchmarks.audience import audience
from benchmarks.benchmark import SERVICE, Benchmark, Figures, Scale, Target, each
from benchmarks.latency import percentile
from benchmarks.meter import LOAD, metered
from benchmarks.people import beaten
from benchmarks.publisher import publisher
from benchmarks.subject import Subject, nchan, presence

STREAMS = 5_000
WATCHED = 100
POOL = 5_000
RATE = 5
SECONDS = 3
ALL = "delivered of all, %"


async def measure(subject: Subject, scale: Scale) -> Figures:
    """Users change in turn, at even intervals."""
    streams = scale.of(STREAMS, 100)
    await beaten(subject, POOL)
    async with (
        audience(subject, streams, pool=POOL, watched=WATCHED) as watchers,
        publisher(subject) as one,
    ):
        await one.change(POOL - 1)  # fills caches
        await asyncio.sleep(1.5)
        await watchers.take()
        with metered(subject, watchers.cpu) as used:
            for number in range(RATE * SECONDS):
                await asyncio.sleep(1 / RATE)
                await one.change(number)
            await asyncio.sleep(1)
        told = await watchers.take()
    return {
        "ms to a watcher, p50": percentile(told["latencies"], 0.5),
        "ms to a watcher, p99": percentile(told["latencies"], 0.99),
        ALL: told["deliveries"] / (RATE * SECONDS * streams * WATCHED / POOL) * 100,
        "server, % of a core": used.server / used.wall * 100,
        "store, % of a core": used.store / used.wall * 100,
        LOAD: used.load_percent,
    }


QUIET = Benchmark(
    name="quiet",
    says=f"{STREAMS} streams of {WATCHED} out of {POOL} users, {RATE} changes a second",
    contenders=each(measure, {SERVICE: presence, "Nchan": nchan}),
    targets=(
        Target("ms to a watcher, p50", "<=", 20),
        Target("ms to a watcher, p99", "<=", 100),
        Target(ALL, ">=", 100),
    ),
)
