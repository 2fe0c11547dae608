"""Partitions fail and mend one by one, and cursors know."""

from __future__ import annotations

import pytest

from tests.fanout.world import World, record


async def test_a_gap_in_one_partition_leaves_the_others_alone() -> None:
    world = World(partitions=4)
    world.begin()
    names = {sum(name.encode()) % 4: name for name in "abcd"}
    _, hit = world.live(names[0], names[1])
    _, spared = world.live(names[2])
    world.publish(record(names[0], 1), number=0)  # lost
    world.mark(0)
    world.turn()
    assert (hit.names(), spared.names()) == (["stale"], [])
    assert [topic.name for topic in world.read()] == [names[0]]
    world.turn()
    assert hit.names() == ["presence", "fresh"]


async def test_a_cursor_stands_at_the_lowest_of_its_partitions() -> None:
    world = World(partitions=2)
    world.begin()
    stream, _ = world.live("a", "b")
    start = stream.span.position
    world.mark(0)
    assert stream.span.position == start
    world.mark(1)
    assert stream.span.position > start


@pytest.mark.parametrize("apart", [-30_000, 30_000])
async def test_typing_is_timed_by_the_clock_of_its_own_partition(apart: int) -> None:
    world = World(partitions=2)
    world.begin()
    _, sink = world.live(channels=("b", "c"))
    world.type("b", "alice")
    world.time += apart
    world.mark(1)  # heard last
    world.turn(1)
    ((_, data),) = [told for told in sink.take() if told[0] == "typing"]
    ((typist,),) = [channel["typing"] for channel in data["channels"]]
    assert typist["user"] == "alice"
    assert 5_000 < typist["expires_in"] <= 6_000
