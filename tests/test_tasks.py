"""Tasks end when they are told to, whatever they are in the middle of."""

from __future__ import annotations

import asyncio

import pytest

from sse_presence.tasks import end


async def deaf(times: int) -> None:
    """Miss being told to end so often, as a library's `wait_for` may."""
    while times:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            times -= 1
    await asyncio.sleep(60)


async def begun(*deafness: int) -> list[asyncio.Task[None]]:
    tasks = [asyncio.create_task(deaf(times)) for times in deafness]
    await asyncio.sleep(0)
    return tasks


async def test_who_misses_being_told_is_told_again() -> None:
    tasks = await begun(0, 1, 2)
    async with asyncio.timeout(20):
        await end(*tasks)
    assert all(task.cancelled() for task in tasks)


async def test_nobody_is_left_behind_by_a_caller_who_is_told_to_end_meanwhile() -> None:
    tasks = await begun(0, 2)
    ending = asyncio.create_task(end(*tasks))
    for _ in range(3):
        await asyncio.sleep(0.01)
        ending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ending
    assert all(task.cancelled() for task in tasks)
