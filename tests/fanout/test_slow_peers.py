"""Peers that take what they are sent slowly, or not at all: what they are told, and when given up."""

from __future__ import annotations

import asyncio

import pytest

from tests.fanout.world import Sink, World, record, told, users


async def test_while_a_peer_is_busy_its_changes_conflate(world: World) -> None:
    _, sink = world.live("alice", "bob")
    sink.busy = True
    for version in range(1, 50):
        world.hear(record("alice", version), record("bob", version))
        world.turn(0.2)
    sink.free()
    world.turn()
    assert users(sink) == [[("alice", 49), ("bob", 49)]]


async def test_a_peer_that_takes_nothing_is_given_up(world: World) -> None:
    stream, sink = world.live("alice")
    sink.busy = True
    world.hear(record("alice", 1))
    world.turn(1)
    assert not sink.aborted
    world.turn(25)
    assert sink.aborted
    assert stream not in world.register.streams


@pytest.mark.parametrize("look", [0.05, float("inf")])
async def test_a_slow_peer_is_given_up_only_when_it_takes_nothing(world: World, look: float) -> None:
    _, sink = world.open("alice")
    sink.slow, sink.look = True, look
    world.read()
    world.turn()
    assert sink.names() == ["snapshot"]
    for _ in range(5):
        world.turn(24)
        sink.take_some()
        world.turn(0.05)
        assert not sink.aborted
    world.hear(record("alice", 1))
    sink.free()
    world.turn(0.05)
    assert users(sink) == [[("alice", 1)]]
    sink.take_some()
    world.turn(0.05)
    for _ in range(4):
        assert not sink.aborted
        world.turn(6.5)
    assert sink.aborted


async def test_a_peer_that_is_busy_when_its_stream_opens_has_the_same_time(world: World) -> None:
    sink = Sink()
    sink.busy = True
    world.hub.open(world.opening("alice"), sink)
    world.turn(24)
    assert not sink.aborted
    world.turn(2)
    assert sink.aborted


async def test_a_busy_peer_whose_stream_ends_has_a_second_more(world: World) -> None:
    stream, sink = world.live("alice")
    sink.busy = True
    world.hub.end(stream, stream.written_at + 1, "shutdown")
    world.turn(1.5)
    assert not sink.aborted
    world.turn(1)
    assert sink.aborted


async def test_after_a_busy_peer_the_next_ping_is_in_time(world: World) -> None:
    _, sink = world.live("alice")
    world.turn(14)
    world.hear(record("alice", 1))
    world.turn()
    sink.busy = True
    world.hear(record("alice", 2))
    world.turn(2)
    sink.free()
    world.turn()
    assert users(sink) == [[("alice", 1)], [("alice", 2)]]
    world.turn(15)
    assert sink.names() == ["ping"]


async def test_after_a_busy_peer_the_end_is_in_time(world: World) -> None:
    stream, sink = world.live("alice")
    sink.busy = True
    world.hear(record("alice", 1))
    world.hub.end(stream, asyncio.get_running_loop().time() + 20, "revoked")
    world.turn(16)
    sink.free()
    world.turn()
    assert sink.names() == ["presence"]
    world.turn(4)
    assert sink.names() == ["bye"]


async def test_a_slow_peer_gets_its_snapshot_as_it_is_when_it_takes_it(world: World) -> None:
    _, sink = world.open("alice")
    sink.busy = True
    world.read()
    world.turn()
    world.hear(record("alice", 7))
    sink.free()
    world.turn()
    ((name, data),) = sink.take()
    assert (name, data["users"]) == ("snapshot", [told("alice", 7)])
