"""Partitions fail and mend one by one, and cursors know."""

from __future__ import annotations

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
