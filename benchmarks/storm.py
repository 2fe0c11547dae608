"""`storm`: everyone watches many who change all the time.

The service tells each watcher once a window whatever changed. Nchan hands on each change to each watcher as
it comes, from one channel a user, at a tenth of the rate: at the full one it would do nothing else. Compared
is what a second of CPU delivers. That nothing was lost is seen in a sample of streams: when all is over, they
know of each user what a query answers.
"""

from __future__ import annotations

import asyncio
import re

import httpx

from benchmarks.audience import audience
from benchmarks.benchmark import SERVICE, Benchmark, Figures, Scale, Target, each
from benchmarks.child import load
from benchmarks.latency import percentile
from benchmarks.meter import LOAD, metered
from benchmarks.people import beaten
from benchmarks.prometheus import bound, loop_lags
from benchmarks.subject import Subject, nchan, presence

STREAMS = 5_000
WATCHED = 100
POOL = 5_000
RATE = 2_000
SECONDS = 20
CONNECTIONS = 64
SAMPLE = 50
WINDOW = 1_000
GAIN = "changes delivered a CPU second"


async def measure(subject: Subject, scale: Scale) -> Figures:
    """Users change in turn, at an even rate."""
    streams, ours = scale.of(STREAMS, 100), bool(subject.store_url)
    rate, seconds = (scale.of(RATE, 50), SECONDS) if ours else (scale.of(RATE / 10, 50), SECONDS / 4)
    await beaten(subject, POOL)
    spec = {"port": subject.port, "dialect": subject.dialect, "connections": CONNECTIONS}
    async with (
        audience(subject, streams, pool=POOL, watched=WATCHED, sample=SAMPLE) as watchers,
        load("calls", spec) as callers,
    ):
        run = {"kind": "change", "users": POOL, "rate": rate}
        await callers.ask(run | {"seconds": 1})  # fills caches
        await asyncio.sleep(1.5)
        await watchers.take()
        lags = await loop_lags(subject) if ours else None
        with metered(subject, watchers.cpu, callers.cpu) as used:
            made = await callers.ask(run | {"seconds": max(3.0, seconds * scale.factor)})
            await asyncio.sleep(1.5)
        told = await watchers.take()
        figures = {
            GAIN: told["deliveries"] / (used.server + used.store),
            "changes a second": made["calls"] / made["seconds"],
            "delivered of all, %": told["deliveries"] / (made["calls"] * streams * WATCHED / POOL) * 100,
            "ms from change to bytes, p50": percentile(told["latencies"], 0.5),
            "ms from change to bytes, p99": percentile(told["latencies"], 0.99),
            "server, % of a core": used.server / used.wall * 100,
            "store, % of a core": used.store / used.wall * 100,
            LOAD: used.load_percent,
        }
        assert not made["codes"].keys() - {"200", "201", "202"}, made["codes"]
        if lags is not None:
            figures |= {
                "ms that the loop was late, p99": bound(lags, await loop_lags(subject), 0.99),
                "users last told wrong": await wrong(subject, await watchers.last()),
            }
    return figures


async def wrong(subject: Subject, last: dict[int, int]) -> float:
    """Users of whom streams know something else than a query does."""
    users, count = list(last), 0
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{subject.port}", trust_env=False) as client:
        for start in range(0, len(users), 1_000):
            some = users[start : start + 1_000]
            body = {"users": [f"user-{user}" for user in some]}
            answer = await client.post("/v1/presence", params={"as": "watcher"}, json=body)
            records = answer.raise_for_status().json()["users"]
            count += sum(
                re.findall(r"\d+", record["text"]) != [str(last[user])]
                for user, record in zip(some, records, strict=True)
            )
    return count


STORM = Benchmark(
    name="storm",
    says=f"{STREAMS} streams of {WATCHED} out of {POOL} users, {RATE} changes a second",
    contenders=each(measure, {SERVICE: presence, "Nchan": nchan}),
    targets=(
        Target(GAIN, ">=", 10, "Nchan"),
        Target("ms from change to bytes, p99", "<=", WINDOW + 150),
        Target("ms that the loop was late, p99", "<=", 50),
        Target("users last told wrong", "<=", 0),
    ),
    picture=GAIN,
)
