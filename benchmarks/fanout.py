"""`fanout`: one change to all streams, each awaited before the next, so that nothing can be sent together."""

from __future__ import annotations

import time
from functools import partial

from benchmarks.audience import audience
from benchmarks.benchmark import SERVICE, Benchmark, Figures, Scale, Target, each
from benchmarks.latency import percentile
from benchmarks.meter import LOAD, metered
from benchmarks.people import beaten
from benchmarks.publisher import publisher
from benchmarks.subject import Subject, better_sse, floor, nchan, nchan_redis, presence, stock
from benchmarks.usage import pss

STREAMS = 5_000
SECONDS = 2
"""For which changes are made: a machine that is shared is fast and slow by turns."""
LEAST = 4
"""Changes, however long they take."""
COST = "µs of CPU a delivery"


async def measure(subject: Subject, scale: Scale) -> Figures:
    """One user, watched by all, changes again and again."""
    streams = scale.of(STREAMS)
    await beaten(subject, 1)
    before = pss(subject.server.pids)
    async with (
        audience(subject, streams, pool=1, watched=1) as watchers,
        publisher(subject) as one,
    ):
        memory = (pss(subject.server.pids) - before) / streams
        await one.change(0)  # fills caches
        await watchers.deliveries(streams)
        await watchers.take()
        with metered(subject, watchers.cpu) as used:
            until, changes = time.monotonic() + SECONDS, 0
            while changes < LEAST or time.monotonic() < until:
                await one.change(0)
                changes += 1
                await watchers.deliveries(streams * changes)
        told = await watchers.take()
    deliveries = told["deliveries"]
    return {
        COST: used.server / deliveries * 1e6,
        "µs of the store's": used.store / deliveries * 1e6,
        "ms to the median stream": percentile(told["latencies"], 0.5),
        "ms to the last streams, p99": percentile(told["latencies"], 0.99),
        "bytes a delivery": told["bytes"] / deliveries,
        "KiB a stream": memory,
        LOAD: used.load_percent,
    }


FANOUT = Benchmark(
    name="fanout",
    says=f"{STREAMS} streams, one change to all",
    contenders=each(
        measure,
        {
            SERVICE: partial(presence, presence_window="0.01"),
            "send() in C": floor,
            "Nchan": nchan,
            "Nchan, Redis": nchan_redis,
            "better-sse": better_sse,
            "sse-starlette": stock,
        },
    ),
    targets=(
        Target(COST, "<=", 1.0, "Nchan"),
        Target(COST, "<=", 0.6, "better-sse"),
        Target(COST, "<=", 0.2, "sse-starlette"),
    ),
    picture=COST,
)
