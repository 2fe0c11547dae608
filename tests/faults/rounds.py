"""One round: people come, things break, all falls quiet, and everyone must know the same truth."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

from tests.faults.calls import Calls
from tests.faults.chooser import choose
from tests.faults.convergence import converge
from tests.faults.device import Device
from tests.faults.field import Field
from tests.faults.figures import LAG, SETTLING
from tests.faults.history import Fault, History, Violation, now
from tests.faults.plan import Plan, Planned
from tests.faults.trouble import Trouble
from tests.faults.verdict import judge, settle_times
from tests.faults.watcher import Watcher

OBSERVED = 0.4
"""Seconds between two queries of an observer."""

MOMENT, STALL = 100, 700
"""Milliseconds of a nap, and of oversleeping after which the machine is to blame."""

CROWDED = 3
"""Processes that want a processor at once, for each that there is."""


async def play(plan: Plan, field: Field) -> tuple[History, list[Violation]]:
    """Play a round to its end and judge it."""
    history = History(len(field.nodes), exact=field.exact, apart=field.apart)
    logs = [len(_log(node.process.log)) for node in field.nodes]
    found: list[Violation] = []
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(_running(_feel(history)))
        calls = await stack.enter_async_context(Calls(field.nodes, history))
        watchers = [
            Watcher(watch, field.nodes, history, Random(f"{plan.seed}/{watch.name}"))
            for watch in plan.watches
        ]
        for watcher in watchers:
            await stack.enter_async_context(_running(watcher.run()))
        for number in range(len(field.nodes)):
            await stack.enter_async_context(_running(_observe(calls, plan, number)))
        found += await _chaos(plan, field, history, calls, stack)
        found += await converge(calls, watchers, plan, history)
    settle_times(history)
    found += await asyncio.to_thread(judge, history)
    for node, known in zip(field.nodes, logs, strict=True):
        if "Traceback" in (said := _log(node.process.log)[known:]):
            begin = said.index("Traceback")
            found.append(Violation("no traceback", now(), "", said[max(0, begin - 200) : begin + 3_000]))
    return history, found


async def _chaos(
    plan: Plan, field: Field, history: History, calls: Calls, stack: AsyncExitStack
) -> list[Violation]:
    """Everybody acts, things break; then all is mended, some fall silent, and it is waited out."""
    devices = {hand: Device(hand, calls, Random(f"{plan.seed}/{hand}")) for hand in plan.hands}
    for device in devices.values():
        await stack.enter_async_context(_running(device.run()))
    async with AsyncExitStack() as moods:
        for user in plan.moody:
            choosing = choose(user, calls, Random(f"{plan.seed}/{user}"))
            await moods.enter_async_context(_running(choosing))
        injecting = [asyncio.create_task(_later(fault, field, history)) for fault in plan.faults]
        await asyncio.sleep(plan.chaos)
        found = [violation for one in await asyncio.gather(*injecting) for violation in one]
    for hand, device in devices.items():
        device.settle()
        if hand.user not in plan.lasting:
            device.silence()
    calm = max(Trouble(history.nodes, history.faults).calm_from, now() + SETTLING + LAG)
    await asyncio.sleep((calm - now()) / 1000)
    return found


async def _later(fault: Planned, field: Field, history: History) -> list[Violation]:
    await asyncio.sleep(fault.at)
    return await field.inject(fault, history)


async def _feel(history: History) -> None:
    """Note when this machine had no time for anybody."""
    while True:
        before = now()
        await asyncio.sleep(MOMENT / 1000)
        if os.getloadavg()[0] > CROWDED * (os.cpu_count() or 1):
            history.crowded = True
        if now() - before > MOMENT + STALL:
            everyone = frozenset(range(history.nodes))
            history.faults.append(Fault("machine stalled", before, everyone, now()))


async def _observe(calls: Calls, plan: Plan, node: int) -> None:
    users = sorted({hand.user for hand in plan.hands})
    while True:
        await calls.query(users, node)
        await asyncio.sleep(OBSERVED)


def _log(path: Path) -> str:
    return path.read_text(errors="replace")


@asynccontextmanager
async def _running(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Have something go on for the length of the block."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.result()
