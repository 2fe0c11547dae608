"""Polls: answered when there is something new, and only then; nobody polls in a circle."""

from __future__ import annotations

import asyncio
import json

import pytest

from sse_presence.sse.collector import Collector
from sse_presence.sse.encode import bye
from tests.fanout.polling import Client, users
from tests.fanout.world import World, record


@pytest.fixture
def world(world: World) -> World:
    world.mark()
    return world


async def test_the_first_poll_is_answered_at_once_with_everything(world: World) -> None:
    world.store["alice"] = record("alice", 3)
    client = Client(world, "alice", channels=("room",))
    client.begin()
    assert client.answer() is None
    world.read()
    world.turn()
    answer = client.answer()
    assert answer is not None
    assert [name for name, _ in answer] == ["snapshot", "typing", "channel"]
    assert answer[0][1]["users"] == [{"user": "alice", "status": "online", "version": 3}]
    assert client.cursor
    assert not world.register.streams


async def test_the_next_waits_and_is_answered_with_what_changes(world: World) -> None:
    client = Client(world, "alice", channels=("room",))
    client.ask()
    assert client.ask() is None
    world.hear(record("alice", 1, changed=world.time + 1))
    world.turn()
    assert users(client.answer()) == [["alice"]]
    assert client.ask(1.0) is None, "that was told"
    world.type("room", "bob")
    world.turn()
    assert [name for name, _ in client.answer() or []] == ["typing"]
    assert client.ask(1.0) is None
    world.enter("room", "bob")
    world.turn()
    assert [name for name, _ in client.answer() or []] == ["channel"]
    assert client.ask(1.0) is None


async def test_what_changed_between_two_polls_is_told_at_once(world: World) -> None:
    client = Client(world, "alice", "bob", channels=("room",))
    client.ask()
    world.hear(record("bob", 1, changed=world.time + 1))
    client.ask()
    assert users(client.answer()) == [["bob"]]
    world.enter("room", "bob")
    assert client.ask() == ["presence", "typing", "channel"]
    world.mark()
    assert client.ask(1.0) is None


async def test_in_vain_it_is_answered_with_nothing_and_a_cursor_carried_forward(world: World) -> None:
    client = Client(world, "alice")
    client.ask()
    before = client.cursor
    client.begin(5_000)
    world.read()
    world.mark()
    world.turn(4.9)
    assert client.answer() is None
    world.turn(0.2)
    assert client.answer() == []
    assert client.cursor != before


async def test_nobody_is_answered_for_its_own_typing(world: World) -> None:
    client = Client(world, channels=("room",), viewer="alice")
    client.ask()
    world.type("room", "alice")
    assert client.ask(1.0) is None
    client.begin()
    world.type("room", "alice", lasting=9_000)
    world.turn(1)
    assert client.answer() is None
    world.type("room", "alice", "bob")
    world.turn()
    assert [name for name, _ in client.answer() or []] == ["typing"]


async def test_under_churn_every_poll_says_something_new(world: World) -> None:
    client = Client(world, "alice", "bob")
    client.ask()
    for version in range(1, 30):
        assert client.ask(0.5) is None, "no mark came, and nothing is new"
        world.hear(record("alice" if version % 3 else "bob", version, changed=world.time + 1))
        world.turn()
        ((last, *_),) = users(client.answer())
        assert last in {"alice", "bob"}


async def test_another_process_answers_what_the_first_did_not(world: World) -> None:
    client = Client(world, "alice", channels=("room",))
    client.ask()
    elsewhere = World()
    elsewhere.time, elsewhere.seq = world.time, list(world.seq)
    elsewhere.begin()
    client.world = elsewhere
    assert client.ask(1.0) is None
    elsewhere.hear(record("alice", 1, changed=elsewhere.time + 1))
    elsewhere.turn()
    assert users(client.answer()) == [["alice"]]


async def test_members_are_told_when_they_come_or_change(world: World) -> None:
    world.members["room"] = {"alice"}
    client = Client(world, members=("room",))
    assert client.ask() == ["snapshot", "typing", "channel"]
    assert client.ask(1.0) is None
    world.hear(record("alice", 1, changed=world.time + 1))
    world.turn()
    assert users(client.answer()) == [["alice"]]
    assert client.ask(1.0) is None
    world.enter("room", "bob")
    world.turn()
    assert [name for name, _ in client.answer() or []] == ["channel"]
    assert client.ask(1.0) == ["presence", "typing", "channel"], "bob's record was not known before"
    assert client.ask(1.0) is None


async def test_a_changed_interest_is_told(world: World) -> None:
    client = Client(world, viewer="alice", interest=world.keep(users=("bob",)))
    client.ask()
    world.mark()
    assert client.ask(1.0) is None
    world.patch(add_users=("carol",))
    world.read()
    world.turn()
    assert users(client.answer()) == [["carol"]]
    assert client.ask(1.0) is None
    client.poll.hub.leave(client.poll)
    world.patch(add_users=("dave",))
    client.ask()
    assert users(client.answer()) == [["carol", "dave"]], "carol again, for no mark has come since"
    world.mark()
    assert client.ask(1.0) is None


# Trouble


async def test_trouble_that_lasts_is_told_once_and_its_end_too(world: World) -> None:
    client = Client(world, "alice", channels=("room",))
    client.ask()
    client.begin()
    world.lose()
    world.turn()
    world.turn(1.9)
    assert client.answer() is None
    world.turn(0.2)
    assert client.answer() == [("stale", {"since": world.register.partitions[0].since})]
    assert client.ask(19) is None, "it was told"
    world.publish(record("alice", 1, changed=world.time + 1))
    world.begin()
    world.read()
    world.turn()
    assert [name for name, _ in client.answer() or []] == ["presence", "typing", "channel", "fresh"]
    assert client.ask(1.0) is None


async def test_trouble_all_along_is_an_empty_answer_in_the_end(world: World) -> None:
    client = Client(world, "alice")
    client.ask()
    world.lose()
    assert client.ask(2.1) == ["stale"]
    assert client.ask(20.1) == []
    assert client.ask(19) is None
    world.begin()
    world.read()
    world.turn()
    assert client.answer() == [("fresh", {})]


async def test_a_short_gap_is_not_told(world: World) -> None:
    client = Client(world, "alice")
    client.ask()
    client.begin()
    world.publish(record("alice", 1, changed=world.time + 1))  # lost
    world.mark()
    world.turn(0.5)
    assert client.answer() is None
    world.read()
    world.turn()
    assert [name for name, _ in client.answer() or []] == ["presence"]


async def test_before_the_store_was_ever_reached_it_answers_after_a_while() -> None:
    world = World(key=b"")
    world.hub.press.key = b""
    client = Client(world, "alice")
    client.begin(0)
    world.turn(1.0)
    assert client.answer() is None
    world.turn(1.1)
    answer = client.answer()
    assert answer is not None
    assert [name for name, _ in answer] == ["stale"]
    assert client.cursor == ""


async def test_a_store_that_is_slow_is_waited_for_but_not_for_ever(world: World) -> None:
    client = Client(world, "alice")
    client.begin(1_000)
    world.turn(4.9)
    assert client.answer() is None
    world.turn(0.2)
    assert client.answer() == []
    assert client.cursor == ""


async def test_while_the_store_settles_nobody_polls_in_a_circle(world: World) -> None:
    world.store["alice"] = record("alice", 7)
    client = Client(world, "alice", channels=("room",))
    client.ask()
    world.live("alice", channels=("room",))
    world.wipe("second")
    world.mark()
    assert client.ask() == ["snapshot", "typing", "channel"]
    assert client.ask(1.0) is None
    world.hear(record("alice", 1, '"status":"dnd"', changed=world.time + 1))
    world.turn()
    assert users(client.answer()) == [["alice"]]
    world.mender._settled(world.register.partitions[0])
    assert client.ask() == ["snapshot", "typing", "channel"]
    assert client.ask(1.0) is None


async def test_a_goodbye_is_an_event_of_the_answer(world: World) -> None:
    client = Client(world, "alice")
    client.ask()
    client.begin()
    world.hub.end(client.poll, client.poll.ends_at - 10_000, "shutdown")
    world.turn(10_000)
    ((name, data),) = client.answer() or []
    assert (name, data["reason"]) == ("bye", "shutdown")
    assert data["retry_ms"] >= 500


async def test_nothing_keeps_a_poll_that_was_answered_at_once(world: World) -> None:
    world.live("alice")
    client = Client(world, "alice")
    client.begin()
    assert client.answer()
    world.hub.end(client.poll, asyncio.get_running_loop().time() + 86_400, "expired")
    assert not client.poll.timed
    assert not client.poll.soon


async def test_a_poll_that_was_answered_keeps_nothing_alive(world: World) -> None:
    client = Client(world, "alice", "bob", channels=("room",), members=("hall",))
    assert client.ask()
    assert client.poll.timed, "the pump still knows it"
    assert (client.poll.topics, client.poll.rooms, client.poll.following) == ((), (), None)
    assert not hasattr(client.poll, "sink")


async def test_what_a_client_sends_as_its_cursor_comes_back_as_json() -> None:
    sink = Collector('"\\é\x00')
    sink.end(bye("limit", 30_000))
    assert json.loads(sink.answer()) == {
        "cursor": '"\\é\x00',
        "events": [{"event": "bye", "data": {"reason": "limit", "retry_ms": 30_000}}],
    }


async def test_a_poll_that_fails_is_answered(world: World) -> None:
    client = Client(world, "alice")
    client.begin()
    client.poll.fail()
    assert client.answer() == []
