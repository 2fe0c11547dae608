"""`signals`: 90 % heartbeats, 8 % typing and 2 % statuses, while streams watch the users who send them."""

from __future__ import annotations

from contextlib import AsyncExitStack

from benchmarks.audience import audience
from benchmarks.benchmark import SERVICE, Benchmark, Figures, Scale, Target, each
from benchmarks.child import load
from benchmarks.latency import percentile
from benchmarks.meter import LOAD, metered
from benchmarks.people import beaten
from benchmarks.subject import Subject, no_store, presence

USERS = 20_000
CONNECTIONS = 256
STREAMS = 2_000
WATCHED = 100
SECONDS = 3
RATE = "signals a second"


async def measure(subject: Subject, scale: Scale) -> Figures:
    """As many as the server takes; the one without a store has no streams either."""
    users = scale.of(USERS, 1_000)
    await beaten(subject, users)
    spec = {"port": subject.port, "dialect": subject.dialect, "connections": CONNECTIONS}
    async with AsyncExitStack() as stack:
        loads = []
        if subject.store_url:
            streams = scale.of(STREAMS, 100)
            watchers = await stack.enter_async_context(
                audience(subject, streams, pool=users, watched=WATCHED)
            )
            loads.append(watchers.cpu)
        callers = await stack.enter_async_context(load("calls", spec))
        loads.append(callers.cpu)
        run = {"kind": "mix", "users": users}
        await callers.ask(run | {"kind": "heartbeat", "seconds": 60, "calls": users})
        with metered(subject, *loads) as used:
            told = await callers.ask(run | {"seconds": max(2.0, SECONDS * scale.factor)})
        delivered = (await watchers.take())["deliveries"] if subject.store_url else 0
    calls = told["calls"]
    assert not told["codes"].keys() - {"200", "204"}, told["codes"]
    return {
        RATE: calls / told["seconds"],
        "µs of the server's CPU each": used.server / calls * 1e6,
        "µs of the store's CPU each": used.store / calls * 1e6,
        "ms to the answer, p99": percentile(told["latencies"], 0.99),
        "records delivered a second": delivered / told["seconds"],
        LOAD: used.load_percent,
    }


SIGNALS = Benchmark(
    name="signals",
    says=f"90 % heartbeats, 8 % typing, 2 % statuses, with {STREAMS} streams of {WATCHED} users, one worker",
    contenders=each(measure, {SERVICE: presence, "no store": no_store}),
    targets=(Target(RATE, ">=", 0.5, "no store"),),
)
