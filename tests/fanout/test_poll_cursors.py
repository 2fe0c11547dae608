"""Cursors between polls, and between streams and polls: what was told is known, and nothing else is."""

from __future__ import annotations

import pytest

from sse_presence.domain import cursor
from sse_presence.domain.rights import Identity, Rights
from sse_presence.sse.encode import MEMBERS
from tests.fanout.polling import Client, last_id, users
from tests.fanout.world import World, record


@pytest.fixture
def world(world: World) -> World:
    world.mark()
    return world


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


async def test_a_user_who_begins_anew_between_two_polls_is_told(world: World) -> None:
    client = Client(world, viewer="alice", interest=world.keep())
    client.ask()
    client.begin()
    client.poll.hub.leave(client.poll)
    world.patch(add_users=("bob",))
    client.ask()
    assert users(client.answer()) == [["bob"]]
    client.begin()
    client.poll.hub.leave(client.poll)
    world.patch(remove_users=("bob",), add_users=("bob",))  # no mark has come since
    client.ask()
    assert users(client.answer()) == [["bob"]]
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
