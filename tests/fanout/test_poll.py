"""Polls: answered when there is something new, and only then; nobody polls in a circle."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from sse_presence.domain import cursor
from sse_presence.domain.rights import Identity, Rights
from sse_presence.sse.collector import Collector
from sse_presence.sse.encode import MEMBERS, bye
from tests.fanout.world import Sink, World, record


class Client:
    """One that polls, and remembers where it stands."""

    def __init__(self, world: World, *users: str, **interest: Any) -> None:
        self.world = world
        self.users = users
        self.interest = interest
        self.cursor = ""

    def begin(self, patience: int = 20_000) -> None:
        """Send a poll, now by the loop's clock."""
        self.world.ahead = 0.0
        self.sink = Collector(self.cursor)
        opening = self.world.opening(*self.users, last=self.cursor, patience=patience, **self.interest)
        self.poll = self.world.hub.open(opening, self.sink)

    def answer(self) -> list[tuple[str, Any]] | None:
        """Events of the answer, if it has come."""
        if not self.sink.answered.done():
            return None
        answer = json.loads(self.sink.answer())
        self.cursor = answer["cursor"]
        return [(event["event"], event["data"]) for event in answer["events"]]

    def ask(self, seconds: float = 0.0) -> list[str] | None:
        """The names of events that a poll is answered with within some time."""
        self.begin()
        self.world.read()
        self.world.turn(seconds)
        answer = self.answer()
        return None if answer is None else [name for name, _ in answer]


@pytest.fixture
async def world() -> World:
    world = World()
    world.begin()
    world.mark()
    return world


def last_id(sink: Sink) -> str:
    return [event.id for write in sink.writes for event in write if event.id][-1]


def users(answer: list[tuple[str, Any]] | None) -> list[list[str]]:
    assert answer is not None
    return [[one["user"] for one in data["users"]] for name, data in answer if name == "presence"]


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


async def test_a_stream_and_polls_share_cursors(world: World) -> None:
    _, sink = world.open("alice", channels=("room",))
    world.read()
    world.turn()
    client = Client(world, "alice", channels=("room",))
    client.cursor = last_id(sink)
    assert client.ask(1.0) is None
    world.hear(record("alice", 1, changed=world.time + 1))
    world.turn()
    client.answer()
    world.hear(record("alice", 2, changed=world.time + 1))
    _, sink = world.open("alice", channels=("room",), last=client.cursor)
    assert sink.writes[0][0].json()["resumed"] is True
    assert ("presence", {"users": [{"user": "alice", "status": "online", "version": 2}]}) in sink.take()


async def test_what_a_stream_told_of_a_channel_and_is_so_no_more_is_told_by_a_poll(world: World) -> None:
    stream, sink = world.open(channels=("room",))
    world.read()
    world.turn()
    client = Client(world, channels=("room",))
    client.cursor = last_id(sink)  # what is told of channels carries none
    world.enter("room", "bob")
    world.type("room", "bob")
    world.turn(1.1)
    assert sink.names()[-2:] == ["channel", "typing"]
    world.hub.leave(stream)
    world.exit("room", "bob")
    world.type("room")
    client.ask()
    answer = dict(client.answer() or [])
    assert answer["channel"]["channels"] == [{"channel": "room", "count": 0, "members": []}]
    assert answer["typing"]["channels"] == [{"channel": "room", "typing": [], "count": 0}]
    assert client.ask(1.0) is None


async def test_a_stream_is_not_given_the_cursor_of_a_poll(world: World) -> None:
    client = Client(world, "alice")
    client.ask()
    client.begin()
    _, sink = world.live("alice")
    world.hear(record("alice", 1, changed=world.time + 1))
    world.turn()
    ((event,),) = sink.writes
    assert users(client.answer()) == [["alice"]]
    place = cursor.read(world.hub.press.key, event.id)
    assert place is not None
    assert place.told == cursor.NOTHING_ELSE


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


async def test_whoever_takes_a_members_place_between_two_polls_is_told(world: World) -> None:
    crowd = world.members["room"] = {f"user {number}" for number in range(MEMBERS + 1)}
    client = Client(world, members=("room",))
    client.ask()
    world.mark()
    assert client.ask(1.0) is None
    client.poll.hub.leave(client.poll)
    world.hear(rolls=(world.roll("room", left=(min(crowd),), joined=("bob",)),))
    client.ask()
    assert "bob" in users(client.answer())[0]
    assert client.ask(1.0) is None


async def test_a_member_is_told_to_who_may_watch_it_now(world: World) -> None:
    world.members["room"] = {"bob"}
    client = Client(world, viewer="alice", members=("room",))
    client.interest["caller"] = Identity(user="alice", rights=Rights(channel_prefix=""))
    assert client.ask() == ["snapshot", "typing", "channel"]
    assert client.ask(1.0) is None
    client.poll.hub.leave(client.poll)
    client.interest["caller"] = Identity(user="alice", rights=Rights(channel_prefix="", watch_prefix=""))
    client.begin()
    world.read()
    world.turn()
    answer = dict(client.answer() or [])
    assert [one["user"] for one in answer["snapshot"]["users"]] == ["bob"]


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


@pytest.mark.parametrize("kind", ["channels", "members"])
async def test_a_channel_that_begins_anew_between_two_polls_is_told(world: World, kind: str) -> None:
    world.members["room"] = {"bob"}
    client = Client(world, viewer="alice", interest=world.keep("alice", **{kind: ("room",)}))
    client.ask()
    world.mark()
    assert client.ask(1.0) is None
    client.poll.hub.leave(client.poll)
    world.patch(**{f"remove_{kind}": ("room",), f"add_{kind}": ("room",)})
    presence = ["presence"] if kind == "members" else []
    assert client.ask() == [*presence, "typing", "channel"]
    assert client.ask(1.0) is None
    world.mark()
    client.poll.hub.leave(client.poll)
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
