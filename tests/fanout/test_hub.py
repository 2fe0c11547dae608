"""What a stream is told, in which order, and what it is not told."""

from __future__ import annotations

import asyncio
from functools import partial

import msgspec
import pytest

from sse_presence.domain.record import TypingList
from tests.fanout.world import ONLINE, START, Sink, World, record, told, users

IDLE = '"status":"idle"'


async def test_hello_comes_before_anything_is_read(world: World) -> None:
    _, sink = world.open("alice")
    (hello,) = sink.writes[0]
    assert hello.event == "hello"
    assert 1_000 <= (hello.retry or 0) <= 5_000
    assert hello.json()["resumed"] is False
    assert hello.json()["heartbeat_ms"] == 15_000
    assert hello.json()["ping_ms"] == 15_000


async def test_a_snapshot_follows_as_soon_as_all_is_read(world: World) -> None:
    world.store["alice"] = record("alice", 3)
    _, sink = world.open("alice", "bob")
    assert sink.take() == []
    world.read()
    world.turn()
    assert sink.take() == [
        ("snapshot", {"users": [told("alice", 3), told("bob", 0, "offline")], "part": 1, "parts": 1})
    ]


async def test_what_is_watched_already_is_told_at_once_without_reading(world: World) -> None:
    world.live("alice", "bob")
    _, sink = world.open("bob", "alice")
    assert sink.names() == ["snapshot"]
    assert world.read() == []


async def test_one_reading_serves_all_who_wait(world: World) -> None:
    sinks = [world.open("alice")[1] for _ in range(3)]
    assert len(world.read()) == 1
    world.turn()
    assert [sink.names() for sink in sinks] == [["snapshot"]] * 3


async def test_an_empty_interest_gets_an_empty_snapshot_with_a_cursor(world: World) -> None:
    _, sink = world.open()
    assert [event.event for event in sink.writes[0]] == ["hello", "snapshot"]
    assert sink.writes[0][1].id
    assert sink.take() == [("snapshot", {"users": [], "part": 1, "parts": 1})]


async def test_a_change_while_reading_is_in_the_snapshot_and_not_told_again(world: World) -> None:
    _, sink = world.open("alice", "bob")
    world.hear(record("alice", 2))
    world.store["alice"] = record("alice", 1)  # the reading was overtaken
    world.read()
    world.turn()
    ((_, snapshot),) = sink.take()
    assert snapshot["users"] == [told("alice", 2), told("bob", 0, "offline")]
    world.turn(2)
    assert sink.names() == []


async def test_the_first_change_leaves_at_once_and_the_next_waits_for_the_window(world: World) -> None:
    _, sink = world.live("alice")
    world.hear(record("alice", 1))
    world.turn()
    assert users(sink) == [[("alice", 1)]]
    world.hear(record("alice", 2))
    world.turn(0.9)
    assert users(sink) == []
    world.turn(0.11)
    assert users(sink) == [[("alice", 2)]]


async def test_a_change_is_not_postponed_by_later_ones(world: World) -> None:
    _, sink = world.live("alice", "bob")
    world.hear(record("alice", 1))
    world.turn()
    sink.take()
    for version in range(1, 11):
        world.hear(record("bob", version))
        world.turn(0.1)
    world.turn(0.01)
    assert users(sink) == [[("bob", 10)]]


async def test_c07_twenty_toggles_in_a_window_are_one_record(world: World) -> None:
    _, sink = world.live("alice")
    world.hear(record("alice", 1))
    world.turn()
    for version in range(2, 22):
        world.hear(record("alice", version, ONLINE if version % 2 else IDLE))
    world.turn(1.01)
    assert users(sink) == [[("alice", 1)], [("alice", 21)]]


async def test_versions_never_go_back(world: World) -> None:
    _, sink = world.live("alice")
    world.hear(record("alice", 5))
    world.turn(1.1)
    world.hear(record("alice", 4), record("alice", 5))
    world.turn(1.1)
    assert users(sink) == [[("alice", 5)]]


async def test_nobody_hears_of_whom_it_does_not_watch(world: World) -> None:
    _, sink = world.live("alice")
    world.hear(record("bob", 1), own=(record("alice", 9),))
    world.turn(1.1)
    assert sink.names() == []


async def test_watching_oneself_shows_the_own_record_only(world: World) -> None:
    world.store["own alice"] = record("alice", 4, '"status":"invisible"')
    world.store["alice"] = record("alice", 8, '"status":"offline"')
    _, own = world.open("alice", viewer="alice")
    _, other = world.open("alice", viewer="bob")
    world.read()
    world.turn()
    assert own.take()[0][1]["users"] == [told("alice", 4, "invisible")]
    assert other.take()[0][1]["users"] == [told("alice", 8, "offline")]
    world.hear(record("alice", 9))
    world.turn()
    assert (own.names(), other.names()) == ([], ["presence"])


async def test_a_stream_that_left_costs_nothing_any_more(world: World) -> None:
    first, _ = world.live("alice", channels=("room",))
    second, sink = world.live("alice", "bob")
    world.hub.leave(first)
    world.hub.leave(first)
    (partition,) = world.register.partitions
    assert (set(partition.users), set(partition.rooms)) == ({"alice", "bob"}, set())
    world.hear(record("alice", 1))
    world.turn()
    assert sink.names() == ["presence"]
    world.hub.leave(second)
    assert not partition.users
    assert not world.register.streams


# Pings, ends


async def test_silence_is_broken_by_a_ping(world: World) -> None:
    _, sink = world.live("alice")
    world.turn(14.9)
    assert sink.names() == []
    world.turn(0.2)
    assert sink.names() == ["ping"]
    world.turn(10)
    world.hear(record("alice", 1))
    world.turn(10)
    assert sink.names() == ["presence"]


async def test_ten_quiet_minutes_carry_the_cursor_forward(world: World) -> None:
    _, sink = world.live("alice")
    for _ in range(60):
        world.turn(10.1)
    assert ("presence", {"users": []}) in sink.take()


async def test_a_lifetime_ends_with_bye_and_a_clean_end(world: World) -> None:
    stream, sink = world.live("alice")
    for _ in range(220):
        world.turn(10)
        if sink.ended:
            break
    name, data = sink.take()[-1]
    assert (name, data["reason"]) == ("bye", "lifetime")
    assert sink.ended
    assert stream not in world.register.streams


async def test_after_expiry_nothing_more_is_told(world: World) -> None:
    stream, sink = world.live("alice")
    world.hear(record("alice", 1))
    world.turn()
    sink.take()
    world.hear(record("alice", 2))
    world.hub.end(stream, stream.presence_at + 0.5, "expired")
    world.turn(1.5)
    assert [name for name, _ in sink.take()] == ["bye"]
    world.hear(record("alice", 3))
    world.turn(5)


@pytest.mark.parametrize("ends_first", [True, False])
@pytest.mark.parametrize("seconds", [0, 6])
async def test_an_end_that_meets_a_change_is_in_time(world: World, seconds: int, *, ends_first: bool) -> None:
    stream, sink = world.live("alice")
    world.turn(3)
    end = partial(world.hub.end, stream, asyncio.get_running_loop().time() + seconds, "revoked")
    if ends_first:
        end()
    world.hear(record("alice", 1))
    if not ends_first:
        assert stream.soon
        end()
    world.turn()
    world.turn(seconds)
    assert sink.names()[-1] == "bye"


async def test_a_limit_is_told_though_a_change_comes_with_it(world: World) -> None:
    world.hub.follower._pace = msgspec.structs.replace(world.hub.pace, max_watched=1)
    _, sink = world.live(viewer="alice", interest=world.keep(users=("bob",)))
    world.turn(3)
    world.hear(record("bob", 1))
    world.patch(add_users=("carol",))
    world.turn()
    assert sink.names() == ["bye"]


# Resume


def last_id(sink: Sink) -> str:
    return [event.id for write in sink.writes for event in write if event.id][-1]


async def test_resume_tells_only_what_changed_since(world: World) -> None:
    world.store["bob"] = record("bob", 1, changed=START - 1000)
    _, first = world.open("alice", "bob", "carol")
    world.read()
    world.turn()
    cursor = last_id(first)
    for version in (1, 2, 3):
        world.hear(record("alice", version, changed=world.time + 1))
    stream, sink = world.open("carol", "alice", "bob", last=cursor)
    assert stream.resume is None, "it was told already"
    assert [event.event for event in sink.writes[0]] == ["hello", "presence"]
    assert sink.writes[0][0].json()["resumed"] is True
    assert sink.take() == [("presence", {"users": [told("alice", 3)]})]


async def test_resume_with_nothing_missed_carries_the_cursor_forward(world: World) -> None:
    _, first = world.open("alice")
    world.read()
    world.turn()
    cursor = last_id(first)
    world.mark()
    _, sink = world.open("alice", last=cursor)
    assert last_id(sink) != cursor
    assert sink.take() == [("presence", {"users": []})]


async def test_only_marks_move_cursors(world: World) -> None:
    _, sink = world.open("alice")
    world.read()
    world.turn()
    cursor = last_id(sink)
    world.hear(record("alice", 1, changed=world.time + 1))
    world.turn()
    assert last_id(sink) == cursor
    world.mark()
    world.hear(record("alice", 2, changed=world.time + 1))
    world.turn(1.1)
    assert last_id(sink) != cursor


@pytest.mark.parametrize("last", ["", "0", "nonsense", "a" * 8192])
async def test_c20_anything_else_gets_a_snapshot(world: World, last: str) -> None:
    world.live("alice")
    _, sink = world.open("alice", last=last)
    assert sink.writes[0][0].json()["resumed"] is False
    assert sink.names() == ["snapshot"]


async def test_a_cursor_of_another_interest_gets_a_snapshot(world: World) -> None:
    _, first = world.open("alice")
    world.read()
    world.turn()
    _, sink = world.open("alice", viewer="alice", last=last_id(first))
    world.read()
    world.turn()
    assert sink.names() == ["snapshot"]
    _, sink = world.open("alice", viewer="bob", last=last_id(first))
    assert sink.writes[0][0].json()["resumed"] is True


# Typing


def typists(sink: Sink) -> list[dict[str, list[str]]]:
    return [
        {channel["channel"]: [one["user"] for one in channel["typing"]] for channel in data["channels"]}
        for name, data in sink.take()
        if name == "typing"
    ]


async def test_typing_of_all_channels_follows_the_snapshot(world: World) -> None:
    _, sink = world.open(channels=("a", "b"))
    world.type("a", "alice")
    world.read()
    world.turn()
    assert [event.event for event in sink.writes[-1]] == ["snapshot", "typing", "channel"]
    assert typists(sink) == [{"a": ["alice"], "b": []}]


async def test_typing_leaves_at_once_and_then_in_its_own_window(world: World) -> None:
    _, sink = world.live(channels=("room",))
    world.turn(1)
    world.type("room", "alice")
    world.turn()
    assert typists(sink) == [{"room": ["alice"]}]
    world.type("room")
    world.turn(0.1)
    assert typists(sink) == []
    world.turn(0.11)
    assert typists(sink) == [{"room": []}]


async def test_c19_nobody_hears_of_its_own_typing(world: World) -> None:
    _, alice = world.live(channels=("room",), viewer="alice")
    _, bob = world.live(channels=("room",), viewer="bob")
    world.turn(1)
    world.type("room", "alice")
    world.turn(1)
    assert (typists(alice), typists(bob)) == ([], [{"room": ["alice"]}])
    world.type("room", "alice", "bob")
    world.turn(1)
    assert (typists(alice), typists(bob)) == ([{"room": ["bob"]}], [{"room": ["alice"]}])


async def test_in_a_busy_channel_typing_is_told_once_a_second(world: World) -> None:
    sinks = [world.live(channels=("room",))[1] for _ in range(101)]
    world.turn(1)
    world.type("room", "alice")
    world.turn()
    world.type("room", "bob")
    world.turn(0.5)
    assert typists(sinks[0]) == [{"room": ["alice"]}]
    (partition,) = world.register.partitions
    assert partition.rooms["room"].timer is not None
    world.hub._announce_late(partition.rooms["room"])
    world.turn()
    assert all(typists(sink)[-1] == {"room": ["bob"]} for sink in sinks)


async def test_a_list_heard_while_reading_is_newer_than_the_reading(world: World) -> None:
    _, sink = world.open(channels=("room",))
    (partition,) = world.register.partitions
    room = partition.rooms["room"]
    asked = room.messages
    world.type("room", "alice")
    world.hub.take_room(room, TypingList("room", 0, ()), asked, world.whole("room"))
    world.turn()
    assert typists(sink) == [{"room": ["alice"]}]
