"""`heartbeats`: those that change nothing, as most do, from many users at once."""

from __future__ import annotations

from redis.asyncio import Redis

from benchmarks.benchmark import SERVICE, Benchmark, Figures, Scale, Target, each
from benchmarks.child import load
from benchmarks.latency import percentile
from benchmarks.meter import LOAD, metered
from benchmarks.people import beaten
from benchmarks.subject import Subject, no_store, presence

USERS = 20_000
CONNECTIONS = 256
SECONDS = 3
RATE = "heartbeats a second"
STORE = "µs of the store's CPU each"


async def measure(subject: Subject, scale: Scale) -> Figures:
    """As many as the server takes."""
    users = scale.of(USERS, 1_000)
    await beaten(subject, users)
    spec = {"port": subject.port, "dialect": subject.dialect, "connections": CONNECTIONS}
    async with load("calls", spec) as callers:
        run = {"kind": "heartbeat", "users": users}
        await callers.ask(run | {"seconds": 60, "calls": users})  # from here on they change nothing
        before = await commands(subject)
        with metered(subject, callers.cpu) as used:
            told = await callers.ask(run | {"seconds": max(2.0, SECONDS * scale.factor)})
        after = await commands(subject)
    calls = told["calls"]
    assert not told["codes"].keys() - {"200", "204"}, told["codes"]
    figures = {
        RATE: calls / told["seconds"],
        "µs of the server's CPU each": used.server / calls * 1e6,
        "ms to the answer, p50": percentile(told["latencies"], 0.5),
        "ms to the answer, p99": percentile(told["latencies"], 0.99),
        LOAD: used.load_percent,
    }
    if subject.store_url:
        figures |= {
            STORE: used.store / calls * 1e6,
            "heartbeats a batch": calls / (after["evalsha"] - before["evalsha"]),
            "messages a second": (after["publish"] - before["publish"]) / told["seconds"],
        }
    return figures


async def commands(subject: Subject) -> dict[str, int]:
    """How often the store did what."""
    if not subject.store_url:
        return {}
    async with Redis.from_url(subject.store_url) as store:
        told = await store.info("commandstats")
    return {name: told.get(f"cmdstat_{name}", {}).get("calls", 0) for name in ("evalsha", "publish")}


HEARTBEATS = Benchmark(
    name="heartbeats",
    says=f"heartbeats that change nothing of {USERS} users, on {CONNECTIONS} connections, one worker",
    contenders=each(measure, {SERVICE: presence, "no store": no_store}),
    targets=(
        Target(RATE, ">=", 0.8, "no store"),
        Target(STORE, "<=", 10),
        Target("messages a second", "<=", 2),  # marks
        Target("ms to the answer, p99", "<=", 50),
    ),
    picture=RATE,
)
