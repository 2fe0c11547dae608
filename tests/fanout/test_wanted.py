"""What is wanted is taken in order, in bounded bites, and never forgotten."""

from __future__ import annotations

import asyncio

from tests.fanout.world import World


async def test_what_needs_no_reading_is_passed_over_in_bites() -> None:
    world = World()
    world.begin()
    world.open(*(f"user-{number}" for number in range(100)))
    world.read()
    current = list(world.register.partitions[0].users.values())
    world.open("last")
    world.wanted.take(1_000)
    unread = world.register.partitions[0].users["last"]
    world.wanted.read(*current, unread)
    bites = [world.wanted.take(1)]
    while not bites[-1]:
        async with asyncio.timeout(1):
            await world.wanted.wait()
        bites.append(world.wanted.take(1))
    assert 5 < len(bites) < 50
    assert bites[-1] == [unread]


async def test_a_partition_to_compare_wakes_the_reader_until_it_is_taken() -> None:
    wanted = World().wanted
    wanted.compare(3)
    async with asyncio.timeout(1):
        await wanted.wait()
    assert wanted.take(10) == []
    async with asyncio.timeout(1):
        await wanted.wait()
    assert (wanted.take_gap(), wanted.take_gap()) == (3, None)
