"""`fanout`: one change to all streams, each awaited before the next, so that nothing can be sent together."""

from __future__ import annotations

import time
from functools import partial

from benchmarks.benchmark import SERVICE, Benchmark, Figures, Scale, Target
from benchmarks.child import load
from benchmarks.latency import percentile
from benchmarks.people import beaten
from benchmarks.publisher import publisher
from benchmarks.subject import Subject, better_sse, floor, nchan, nchan_redis, presence, stock
from benchmarks.usage import pss

STREAMS = 5_000
CHANGES = 40


async def measure(subject: Subject, scale: Scale) -> Figures:
    """CPU for each delivery."""
    streams = scale.of(STREAMS)
    await beaten(subject, 1)
    before = pss(subject.server.pids)
    spec = {"port": subject.port, "dialect": subject.dialect, "first": 0, "count": streams}
    async with load("streams", spec | {"pool": 1, "watched": 1}) as readers:
        wait = {"do": "await", "seconds": 60}
        ready = await readers.ask(wait | {"figure": "ready", "at_least": streams})
        assert ready["ready"] == streams, f"only {ready['ready']} of {streams} streams were opened"
        memory = (pss(subject.server.pids) - before) / streams
        async with publisher(subject) as one:

            async def change(number: int) -> None:
                await one.change(0)
                arrived = await readers.ask(
                    wait | {"figure": "deliveries", "at_least": streams * (number + 1)}
                )
                assert arrived["deliveries"] == streams * (number + 1), arrived["deliveries"]

            await change(0)  # the first fills caches
            await readers.ask({"do": "reset"})
            server, store, reading = subject.cpu(), subject.store_cpu(), readers.cpu()
            begun = time.perf_counter()
            for number in range(CHANGES):
                await change(number)
            seconds = time.perf_counter() - begun
            server, store = subject.cpu() - server, subject.store_cpu() - store
            reading = readers.cpu() - reading
            told = await readers.ask({"do": "figures"})
    deliveries = streams * CHANGES
    return {
        "µs of CPU a delivery": server / deliveries * 1e6,
        "µs of the store's": store / deliveries * 1e6,
        "ms to the median stream": percentile(told["latencies"], 0.5),
        "ms to the last streams, p99": percentile(told["latencies"], 0.99),
        "bytes a delivery": told["bytes"] / deliveries,
        "KiB a stream": memory,
        "reader's CPU, % of a core": reading / seconds * 100,
    }


COST = "µs of CPU a delivery"

FANOUT = Benchmark(
    name="fanout",
    says=f"{STREAMS} streams, one change to all",
    contenders={
        SERVICE: partial(presence, presence_window="0.01"),
        "send() in C": floor,
        "Nchan": nchan,
        "Nchan, Redis": nchan_redis,
        "better-sse": better_sse,
        "sse-starlette": stock,
    },
    measure=measure,
    targets=(
        Target(COST, "<=", 1.0, "Nchan"),
        Target(COST, "<=", 0.6, "better-sse"),
        Target(COST, "<=", 0.2, "sse-starlette"),
    ),
)
