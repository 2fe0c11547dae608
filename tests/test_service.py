"""The parts of a service end when it does, whatever they are in the middle of."""

from __future__ import annotations

import asyncio

from sse_presence.service import _owned


async def test_a_part_that_misses_being_told_to_end_is_told_again() -> None:
    told = 0

    async def run() -> None:
        nonlocal told
        while told < 2:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                told += 1
        raise asyncio.CancelledError

    async with asyncio.timeout(20), _owned(run):
        await asyncio.sleep(0)
    assert told == 2
