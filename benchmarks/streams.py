"""`streams`: what a stream costs that waits, and how many there can be.

Memory is the growth of the server's PSS divided by the number of streams. One process holds what it may open
files for; all streams of the machine are held by several, while users change now and then.
"""

from __future__ import annotations

import asyncio

from benchmarks.audience import audience
from benchmarks.benchmark import SERVICE, Benchmark, Figures, Scale, Target
from benchmarks.latency import percentile
from benchmarks.meter import metered
from benchmarks.people import beaten
from benchmarks.publisher import publisher
from benchmarks.subject import Subject, inside, presence
from benchmarks.usage import pss

SOME = 5_000
ONE_PROCESS = 18_000
ALL = 100_000
WORKERS = 8
POOL = 5_000
FEW, MANY = 10, 100
"""Users that a stream watches."""
RATE = 10
SECONDS = 6
WINDOW = 1_000
DELIVERED = "delivered of all, %"


async def measure(scale: Scale) -> Figures:
    """One process with few users a stream, one with many, and all at last."""
    full = scale.of(ONE_PROCESS, 1_000)
    few, tasks = await _idle(full, FEW)
    many, _ = await _idle(scale.of(SOME, 200), MANY)
    return {
        "KiB, 10 users": few,
        "KiB, 100 users": many,
        "tasks a stream": tasks,
        "streams in one process": full,
        **await _all(scale),
    }


async def _idle(streams: int, watched: int) -> tuple[float, float]:
    """KiB and tasks of each of so many, beyond the first that watch each user once."""
    first = POOL // watched
    async with inside() as subject:
        await beaten(subject, POOL)
        async with audience(subject, first, pool=POOL, watched=watched):  # all users are known now
            memory, tasks = await _held(subject)
            async with audience(subject, streams - first, pool=POOL, watched=watched, first=POOL):
                more_memory, more_tasks = await _held(subject)
    return (more_memory - memory) / (streams - first), (more_tasks - tasks) / (streams - first)


async def _held(subject: Subject) -> tuple[float, float]:
    await asyncio.sleep(1)
    told = await subject.server.ask({})
    return pss(subject.server.pids), told["tasks"]


async def _all(scale: Scale) -> Figures:
    """On several processes, with changes."""
    streams = scale.of(ALL, 400)
    async with presence(workers=WORKERS) as subject:
        await beaten(subject, POOL)
        async with audience(subject, streams, pool=POOL, watched=FEW) as watchers, publisher(subject) as one:
            await asyncio.sleep(2)
            await watchers.take()
            with metered(subject) as used:
                for number in range(RATE * SECONDS):
                    await asyncio.sleep(1 / RATE)
                    await one.change(number)
                await asyncio.sleep(2)
            told = await watchers.take()
            memory = pss(subject.server.pids)
    return {
        "streams in all": told["ready"],
        "streams lost": told["lost"],
        "ms to a watcher, p50": percentile(told["latencies"], 0.5),
        "ms to a watcher, p99": percentile(told["latencies"], 0.99),
        DELIVERED: told["deliveries"] / (RATE * SECONDS * streams * FEW / POOL) * 100,
        "GiB of all processes": memory / 2**20,
        "all processes, % of a core": used.server / used.wall * 100,
    }


STREAMS = Benchmark(
    name="streams",
    says=f"idle streams in one process, and {ALL} in {WORKERS} with {RATE} changes a second",
    contenders={SERVICE: measure},
    targets=(
        Target("KiB, 10 users", "<=", 18),
        Target("KiB, 100 users", "<=", 26),
        Target("tasks a stream", "<=", 1),
        Target("streams in one process", ">=", ONE_PROCESS),
        Target("streams in all", ">=", ALL),
        Target("ms to a watcher, p99", "<=", WINDOW + 500),
        Target(DELIVERED, ">=", 100),
    ),
    most_rounds=1,
)
