"""The clock of all streams: nothing due is forgotten, nothing wakes too early, nobody stops the others."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable

import pytest

from sse_presence.fanout.pump import NEVER, SLICE, Pump


class Thing:
    """Something that notes when it was woken."""

    def __init__(self, wake: Callable[[float], float] = lambda _: NEVER) -> None:
        self.due = NEVER
        self.soon = self.timed = False
        self.woken: list[float] = []
        self.failed = False
        self._wake = wake
        self.seen = asyncio.Event()

    def wake(self, now: float) -> float:
        self.woken.append(now)
        self.seen.set()
        return self._wake(now)

    def fail(self) -> None:
        self.failed = True


@pytest.fixture
async def pump() -> AsyncIterator[Pump]:
    pump = Pump()
    task = asyncio.create_task(pump.run())
    yield pump
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()


async def seen(thing: Thing) -> None:
    async with asyncio.timeout(10):
        await thing.seen.wait()
        thing.seen.clear()


async def test_soon_is_once_however_often_it_is_said(pump: Pump) -> None:
    thing = Thing()
    for _ in range(3):
        pump.soon(thing)
    await seen(thing)
    await asyncio.sleep(0.01)
    assert len(thing.woken) == 1


async def test_later_is_not_too_early(pump: Pump) -> None:
    thing = Thing()
    due = asyncio.get_running_loop().time() + 0.05
    pump.at(thing, due)
    await seen(thing)
    assert thing.woken[0] >= due


async def test_an_earlier_time_overtakes_a_later_one(pump: Pump) -> None:
    later, thing = Thing(), Thing()
    now = asyncio.get_running_loop().time()
    pump.at(later, now + 60)
    await asyncio.sleep(0)
    pump.at(thing, now + 60)
    pump.at(thing, now + 0.02)
    pump.at(thing, now + 30)
    await seen(thing)
    assert not later.woken
    assert not thing.timed


async def test_a_thing_says_when_it_wants_to_be_woken_next(pump: Pump) -> None:
    thing = Thing(lambda now: now + 0.01)
    pump.soon(thing)
    for _ in range(5):
        await seen(thing)
    gaps = [later - earlier for earlier, later in zip(thing.woken, thing.woken[1:], strict=False)]
    assert min(gaps) >= 0.01


async def test_one_that_fails_is_told_and_stops_nobody(pump: Pump, caplog: pytest.LogCaptureFixture) -> None:
    broken, sound = Thing(lambda now: 1 / 0 * now), Thing()
    pump.soon(broken)
    pump.soon(sound)
    await seen(sound)
    assert broken.failed
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


async def test_many_leave_the_loop_to_others(pump: Pump) -> None:
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    things = [Thing() for _ in range(10 * SLICE)]
    await asyncio.sleep(0)
    before = turns
    for thing in things:
        pump.soon(thing)
    await seen(things[-1])
    assert turns - before >= 9
    task.cancel()
