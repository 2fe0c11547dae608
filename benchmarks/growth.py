"""`growth`: what a delivered change and a heartbeat cost with more streams, and with more processes.

Each stream watches 100 users and is told of 5 changes a second, whatever the number of streams: only the size
differs. A user is watched by a thousand streams, so that next to telling them it does not count what taking a
change costs. Each process is sent as many heartbeats a second, and no stream is pinged meanwhile. A plot of
both costs is left beside the figures.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from benchmarks.audience import audience
from benchmarks.benchmark import SERVICE, Benchmark, Figures, Scale, Target
from benchmarks.child import load
from benchmarks.meter import metered
from benchmarks.people import beaten
from benchmarks.plot import Line, plot
from benchmarks.subject import presence

SIZES = (1_000, 4_000, 16_000)
PROCESSES = (1, 2, 4)
WATCHED = 100
WATCHERS = 1_000
"""Streams that watch one user."""
TOLD = 5
"""Changes a second that a stream is told of."""
SECONDS = 3
WINDOW = 1.5
"""Seconds after which all that changed has been told."""
USERS = 4_000
"""Who beat."""
BEATS = 2_500
"""Heartbeats a second and process."""
CONNECTIONS = 64
"""A process, for signals."""
PICTURE = Path("build/growth.svg")
CHANGE, BEAT = "µs a delivered change", "µs a heartbeat"


async def measure(scale: Scale) -> Figures:
    """Sizes in one process, then processes at the largest size."""
    by_size = {size: await _costs(size, 1, scale) for size in SIZES}
    by_process = {1: by_size[SIZES[-1]]}
    by_process |= {count: await _costs(SIZES[-1], count, scale) for count in PROCESSES[1:]}
    again = await _costs(SIZES[-1], 1, scale)  # a machine that is shared is fast and slow by turns
    by_process[1] = _mean(by_process[1], again)
    lines = [
        Line(f"{what}, {by}", [(x, costs[number]) for x, costs in found.items()])
        for by, found in (("by 1,000 streams", _thousands(by_size)), ("by processes", by_process))
        for number, what in enumerate((CHANGE, BEAT))
    ]
    _draw(plot("What growing costs", "1,000 streams, or processes", "µs of CPU", lines))
    figures: Figures = {}
    for size, costs in by_size.items():
        figures |= {f"{CHANGE}, {size} streams": costs[0], f"{BEAT}, {size} streams": costs[1]}
    for count, costs in by_process.items():
        figures |= {f"{CHANGE}, {count} processes": costs[0], f"{BEAT}, {count} processes": costs[1]}
    for by, found in (("streams", by_size), ("processes", by_process)):
        for number, what in enumerate((CHANGE, BEAT)):
            taken = [costs[number] for costs in found.values()]
            figures[f"{what}: dearest ÷ first by {by}"] = max(taken) / taken[0]
    return figures


async def _costs(size: int, processes: int, scale: Scale) -> tuple[float, float]:
    """Of a delivered change and of a heartbeat, in all processes together."""
    streams = scale.of(size, WATCHERS)
    users = streams * WATCHED // WATCHERS
    async with presence(workers=processes, ping="300") as subject:
        await beaten(subject, USERS)
        spec = {"port": subject.port, "dialect": subject.dialect, "connections": CONNECTIONS * processes}
        async with (
            audience(subject, streams, pool=users, watched=WATCHED) as watchers,
            load("calls", spec) as callers,
        ):
            changes = {"kind": "change", "users": users, "rate": users * TOLD / WATCHED}
            beats = {"kind": "heartbeat", "users": USERS}
            for run in (beats | {"calls": USERS, "seconds": 60}, changes | {"seconds": 1.5}):
                await callers.ask(run)  # from here on, heartbeats change nothing
            await watchers.take()
            with metered(subject) as changing:
                await callers.ask(changes | {"seconds": SECONDS})
                await asyncio.sleep(WINDOW)
            delivered = (await watchers.take())["deliveries"]
            with metered(subject) as beating:
                told = await callers.ask(beats | {"seconds": SECONDS, "rate": BEATS * processes})
    return changing.server / delivered * 1e6, beating.server / told["calls"] * 1e6


def _mean(one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    return (one[0] + other[0]) / 2, (one[1] + other[1]) / 2


def _draw(picture: str) -> None:
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    PICTURE.write_text(picture, "utf-8")


def _thousands(by_size: dict[int, tuple[float, float]]) -> dict[float, tuple[float, float]]:
    return {size / 1_000: costs for size, costs in by_size.items()}


GROWTH = Benchmark(
    name="growth",
    says=f"costs at {', '.join(map(str, SIZES))} streams and {', '.join(map(str, PROCESSES))} processes",
    contenders={SERVICE: measure},
    targets=tuple(
        Target(f"{what}: dearest ÷ first by {by}", "<=", 1.2)
        for by in ("streams", "processes")
        for what in (CHANGE, BEAT)
    ),
    most_rounds=1,
)
