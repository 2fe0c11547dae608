"""`resync`: all streams are cut at once and come back with their last ids, as after a restart of a proxy.

What resuming costs is compared with opening a stream that watches nobody. The store's reads are counted by
its own statistics: whatever many streams watch has to be read once for all of them.
"""

from __future__ import annotations

import time

from redis.asyncio import Redis

from benchmarks.audience import audience
from benchmarks.benchmark import SERVICE, Benchmark, Figures, Scale, Target, each
from benchmarks.meter import LOAD, metered
from benchmarks.people import beaten
from benchmarks.subject import Subject, presence

STREAMS = 10_000
WATCHED = 100
POOL = 5_000
CUTS = 2
"""A machine that is shared is fast and slow by turns."""
COST = "resuming ÷ opening an empty one"
READS = "store reads a watched user"


async def measure(subject: Subject, scale: Scale) -> Figures:
    """Cut when all are settled, and again."""
    streams = scale.of(STREAMS, 200)
    await beaten(subject, POOL)
    async with audience(subject, streams, pool=1, watched=0) as nobody:
        with metered(subject, nobody.cpu) as empty:
            for _ in range(CUTS):
                await nobody.cut(resume=False)
                await nobody.ready()
    async with audience(subject, streams, pool=POOL, watched=WATCHED, resume=True) as watchers:
        reads = await user_reads(subject)
        with metered(subject, watchers.cpu) as used:
            for _ in range(CUTS):
                begun = time.monotonic()
                await watchers.cut(resume=True)
                live = await watchers.ready() - begun
        reads = await user_reads(subject) - reads
    streams *= CUTS
    return {
        COST: used.server / empty.server,
        "µs of the server's CPU to resume": used.server / streams * 1e6,
        "µs of the server's CPU to open an empty one": empty.server / streams * 1e6,
        "µs of the store's CPU to resume": used.store / streams * 1e6,
        "s until all are live": live,
        READS: reads / POOL / CUTS,
        LOAD: used.load_percent,
    }


async def user_reads(subject: Subject) -> int:
    """How often the record of a user was read so far."""
    async with Redis.from_url(subject.store_url) as store:
        told = await store.info("commandstats")
    return int(told.get("cmdstat_hmget", {}).get("calls", 0))


RESYNC = Benchmark(
    name="resync",
    says=f"{STREAMS} streams of {WATCHED} out of {POOL} users, cut at once and resuming",
    contenders=each(measure, {SERVICE: presence}),
    targets=(
        Target(COST, "<=", 2),
        Target("s until all are live", "<=", 15),
        Target(READS, "<=", 1),
    ),
    most_rounds=1,
)
