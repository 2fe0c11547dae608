"""Stored interests: open streams follow them, in order, whoever changes them, and resume by them."""

from __future__ import annotations

import asyncio
from typing import Any
from unittest.mock import AsyncMock

import pytest

from sse_presence.domain.interest import Interest
from sse_presence.domain.rights import Identity, Rights
from sse_presence.fanout.interests import Interests
from tests.fanout.world import Sink, World, record
from tests.running import meanwhile
from tests.stream import CEILING


def told(sink: Sink) -> list[tuple[str, list[Any]]]:
    """Names of events, with the users or channels in each."""
    return [
        (
            name,
            [one.get("user") or one.get("channel") for one in data.get("users") or data.get("channels", [])],
        )
        for name, data in sink.take()
    ]


def last_id(sink: Sink) -> str:
    return [event.id for write in sink.writes for event in write if event.id][-1]


async def test_it_is_watched_like_one_that_is_named(world: World) -> None:
    world.members["hall"] = {"carol"}
    interest = world.keep(users=("alice", "bob"), channels=("room",), members=("hall",))
    _, sink = world.open(viewer="alice", interest=interest)
    world.read()
    world.turn()
    assert told(sink) == [
        ("snapshot", ["alice", "bob", "carol"]),
        ("typing", ["room", "hall"]),
        ("channel", ["room", "hall"]),
    ]


async def test_what_is_added_is_told_and_of_what_is_removed_nothing_more(world: World) -> None:
    interest = world.keep(users=("bob",), channels=("room",))
    _, sink = world.live(viewer="alice", interest=interest)
    world.turn(1.1)
    world.patch(add_users=("carol",), add_channels=("hall",))
    world.turn()
    assert told(sink) == [], "nothing is known yet"
    world.read()
    world.turn()
    assert told(sink) == [("channel", ["hall"]), ("typing", ["hall"]), ("presence", ["carol"])]
    world.hear(record("bob", 1), record("carol", 1))
    world.type("room", "dave")
    world.patch(remove_users=("bob",), remove_channels=("room",))
    world.turn(1.1)
    assert told(sink) == [("presence", ["carol"])]
    world.hear(record("bob", 2))
    world.type("room", "erin")
    world.enter("room", "erin")
    world.turn(1.1)
    assert told(sink) == []


async def test_what_is_known_already_is_told_at_once(world: World) -> None:
    world.store["carol"] = record("carol", 4)
    world.live("carol", channels=("hall",))
    _, sink = world.live(viewer="alice", interest=world.keep())
    world.turn(1.1)
    world.patch(add_users=("carol",), add_channels=("hall",))
    world.turn()
    assert told(sink) == [("channel", ["hall"]), ("typing", ["hall"]), ("presence", ["carol"])]


async def test_members_of_a_channel_come_and_go_with_it(world: World) -> None:
    world.members["room"] = {"bob", "carol"}
    interest = world.keep(users=("bob",))
    stream, sink = world.live(viewer="alice", interest=interest)
    world.turn(1.1)
    world.patch(add_members=("room",))
    world.read()
    world.turn()
    assert told(sink) == [("channel", ["room"]), ("typing", ["room"]), ("presence", ["carol"])]
    world.patch(remove_members=("room",))
    assert [topic.name for topic in stream.topics] == ["bob"]
    assert not stream.rooms
    world.hear(record("carol", 1))
    world.turn(1.1)
    assert told(sink) == []


async def test_what_is_removed_and_added_again_is_told_again(world: World) -> None:
    _, sink = world.live(viewer="alice", interest=world.keep(users=("bob",)))
    world.turn(1.1)
    world.patch(remove_users=("bob",), add_users=("bob",))
    world.turn()
    assert told(sink) == [("presence", ["bob"])]
    world.patch(add_users=("bob",))
    world.turn(1.1)
    assert told(sink) == []


@pytest.mark.parametrize("heard", [True, False])
@pytest.mark.parametrize(
    ("kind", "names"), [("channels", ["channel", "typing"]), ("members", ["channel", "typing", "presence"])]
)
async def test_a_channel_that_is_removed_and_added_again_is_told_again(
    world: World, kind: str, names: list[str], *, heard: bool
) -> None:
    world.members["room"] = {"bob", "carol"}
    _, sink = world.live(viewer="alice", interest=world.keep("alice", users=("bob",), **{kind: ("room",)}))
    world.turn(1.1)
    if heard:
        world.patch(**{f"remove_{kind}": ("room",), f"add_{kind}": ("room",)})
    else:
        world.publish(interests=(world.changed(**{f"remove_{kind}": ("room",)}),))
        world.patch(**{f"add_{kind}": ("room",)})
        world.read()
    world.turn()
    again = dict(told(sink))
    assert [name for name in again if name not in {"stale", "fresh"}] == names
    assert again["channel"] == ["room"]
    assert again.get("presence", ["carol"]) == ["carol"], "bob was named all along"
    world.patch(**{f"add_{kind}": ("room",)})
    world.turn(1.1)
    assert told(sink) == []


async def test_a_channel_in_another_list_all_along_is_not_told_again(world: World) -> None:
    interest = world.keep(channels=("room",))
    _, sink = world.live(viewer="alice", interest=interest)
    world.turn(1.1)
    world.patch(add_members=("room",))
    world.patch(remove_members=("room",), add_members=("room",))
    world.patch(remove_members=("room",))
    world.turn(1.1)
    assert told(sink) == []
    world.patch(remove_channels=("room",), add_members=("room",))
    world.turn(1.1)
    assert told(sink) == [("channel", ["room"]), ("typing", ["room"])]


async def test_rights_decide_about_what_is_added_too(world: World) -> None:
    caller = Identity(user="alice", rights=Rights(watch=frozenset({"bob"}), channels=frozenset({"room"})))
    stream, sink = world.live(viewer="alice", interest=world.keep(), caller=caller)
    world.patch(add_users=("bob", "carol"), add_channels=("room", "hall"), add_members=("loft",))
    world.read()
    world.turn(1.1)
    assert [topic.name for topic in stream.topics] == ["bob"]
    assert [room.name for room in stream.rooms] == ["room"]
    assert ("presence", ["bob"]) in told(sink)


async def test_a_change_before_all_is_known_is_in_the_snapshot(world: World) -> None:
    _, sink = world.open(viewer="alice", interest=world.keep(users=("bob", "carol")))
    world.patch(add_users=("dave",), remove_users=("bob",))
    world.read()
    world.turn()
    assert told(sink) == [("snapshot", ["carol", "dave"])]


async def test_a_change_that_was_lost_is_found_when_the_gap_is_mended(world: World) -> None:
    _, sink = world.live(viewer="alice", interest=world.keep(users=("bob",)))
    world.turn(1.1)
    world.publish(interests=(world.changed(add_users=("carol",), remove_users=("bob",)),))
    world.mark()
    world.turn()
    world.read()
    world.turn(1.1)
    assert told(sink) == [("stale", []), ("presence", ["carol"]), ("fresh", [])]
    world.hear(record("bob", 1), record("carol", 1))
    world.turn(1.1)
    assert told(sink) == [("presence", ["carol"])]


async def test_a_reading_that_was_overtaken_is_read_again(world: World) -> None:
    interest = world.keep(users=("bob",))
    read_before = world.interests[interest]
    _, sink = world.open(viewer="alice", interest=interest)
    live = world.register.interest(interest)
    world.changed(add_users=("carol",))  # before the stream watched it
    world.patch(add_users=("dave",))
    world.hub.take_interest(live, read_before)
    assert not live.current
    world.wanted.read(live)
    world.read()
    world.turn()
    assert told(sink) == [("snapshot", ["bob", "carol", "dave"])]


async def test_what_is_read_again_is_waited_for_by_who_waits_anyway(world: World) -> None:
    interest = world.keep(users=("bob",))
    world.live(viewer="alice", interest=interest)
    stream, sink = world.open("carol", viewer="alice", members=("room",))
    follower, following = world.open(viewer="alice", interest=interest)
    assert following.names() == ["snapshot"]
    follower.restart()
    world.hub.doubt(world.register.interest(interest))
    assert (stream.missing, follower.missing) == (2, 1)
    world.read()
    world.turn()
    assert (sink.names()[0], following.names()) == ("snapshot", ["snapshot"])


# Resuming


async def test_resuming_tells_what_changed_and_what_was_added(world: World) -> None:
    for user in ("bob", "carol", "dave"):
        world.store[user] = record(user, 1)
    interest = world.keep(users=("bob", "carol"))
    stream, first = world.open(viewer="alice", interest=interest)
    world.mark()
    world.read()
    world.turn()
    last = last_id(first)
    world.hub.leave(stream)
    world.patch(add_users=("dave",), remove_users=("bob",))
    world.hear(record("bob", 2, changed=world.time + 1))
    _, sink = world.open(viewer="alice", interest=interest, last=last)
    world.read()
    world.turn()
    assert sink.writes[0][0].json()["resumed"] is True
    assert told(sink) == [("presence", ["dave"])]


async def test_no_cursor_moves_beyond_what_was_added_and_is_not_told(world: World) -> None:
    for user in ("bob", "carol"):
        world.store[user] = record(user, 1)
    interest = world.keep(users=("bob",))
    stream, first = world.live(viewer="alice", interest=interest)
    world.patch(add_users=("carol",))
    world.mark()
    world.hear(record("bob", 2, changed=world.time + 1))
    world.turn(1.1)
    last = last_id(first)
    world.hub.leave(stream)  # before carol was read
    world.mark()
    _, sink = world.open(viewer="alice", interest=interest, last=last)
    world.read()
    world.turn()
    assert sink.writes[0][0].json()["resumed"] is True
    assert told(sink) == [("presence", ["bob", "carol"])]


async def test_whoever_comes_back_with_more_rights_is_told_what_was_left_out(world: World) -> None:
    caller = Identity(user="alice", rights=Rights(watch=frozenset({"bob"})))
    world.store["carol"] = record("carol", 1)
    interest = world.keep(users=("bob",))
    stream, first = world.live(viewer="alice", interest=interest, caller=caller)
    world.patch(add_users=("carol",))  # by another credential
    world.mark()
    world.hear(record("bob", 1, changed=world.time + 1))
    world.turn(1.1)
    last = last_id(first)
    world.hub.leave(stream)
    _, sink = world.open(viewer="alice", interest=interest, last=last)
    world.read()
    world.turn()
    assert ("snapshot", ["bob", "carol"]) in told(sink)


async def test_cursors_are_its_owners_and_its_own(world: World) -> None:
    interest = world.keep(users=("bob",))
    _, first = world.open(viewer="alice", interest=interest)
    world.read()
    world.turn()
    _, sink = world.open("bob", viewer="alice", last=last_id(first))
    assert sink.names() == ["snapshot"]


# Another store


async def test_a_store_that_lost_it_leaves_streams_as_they_were(world: World) -> None:
    world.store["bob"] = record("bob", 3)
    _, sink = world.live(viewer="alice", interest=world.keep(users=("bob",)))
    world.wipe("second")
    world.mark()
    world.read()
    world.turn(1.1)
    assert told(sink) == [("snapshot", ["bob"])]
    world.hear(record("bob", 1))
    world.turn(1.1)
    assert told(sink) == [("presence", ["bob"])]


async def test_a_store_that_lost_changes_of_it_is_believed(world: World) -> None:
    _, sink = world.live(viewer="alice", interest=world.keep(users=("bob",)))
    older = world.interests["interest"]
    for user in ("carol", "dave"):
        world.patch(add_users=(user,))
    world.wipe("second")
    world.interests["interest"] = older
    world.mark()
    world.read()
    world.turn(1.1)
    assert told(sink)[-1] == ("snapshot", ["bob"])
    world.patch(add_users=("erin",))
    world.read()
    world.turn(1.1)
    assert told(sink) == [("presence", ["erin"])]


# Changing


class Changing:
    """A change through this process, on a store that answers when it is told to."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.store = AsyncMock()
        self.store.interest.side_effect = world.interests.get
        self.interests = Interests(self.store, world.hub)

    async def __call__(self, owner: str = "alice", **lists: tuple[str, ...]) -> Any:
        def change(*_: Any) -> Any:
            self.message = self.world.publish(interests=(self.world.changed(**lists),))
            return self.world.interests["interest"]

        self.store.change_interest.side_effect = change
        nothing = Interest(None)
        return await self.interests.change("interest", owner, nothing, nothing)


async def test_a_change_is_followed_here_before_it_is_answered(world: World) -> None:
    changing = Changing(world)
    stream, sink = world.live(viewer="alice", interest=world.keep(users=("bob", "carol")))
    world.hear(record("bob", 1))
    answer = asyncio.create_task(changing(remove_users=("bob",)))
    await asyncio.sleep(0.05)
    assert not answer.done(), "it waits for the bus"
    assert [topic.name for topic in stream.topics] == ["carol"]
    world.turn(1.1)
    assert told(sink) == []
    world.hub.hear(0, changing.message)
    stored = await answer
    assert (stored.version, list(stored.users)) == (2, ["carol"])
    world.turn(1.1)
    assert told(sink) == []


async def test_a_retry_of_what_was_changed_elsewhere_is_followed_before_it_is_answered(world: World) -> None:
    changing = Changing(world)
    stream, _ = world.live(viewer="alice", interest=world.keep(users=("bob", "carol")))
    world.publish(interests=(world.changed(remove_users=("bob",)),))  # the bus is late
    changing.store.change_interest.side_effect = lambda *_: world.interests["interest"]
    await changing.interests.change("interest", "alice", Interest(None), Interest(None, ("bob",)))
    assert [topic.name for topic in stream.topics] == ["carol"]


async def test_a_change_is_answered_though_the_bus_says_nothing(world: World) -> None:
    changing = Changing(world)
    world.keep(users=("bob",))
    stored = await changing(add_users=("carol",))
    assert list(stored.users) == ["bob", "carol"]
    assert not world.register.partitions[0].interests


async def test_nobody_changes_what_is_not_its_own(world: World) -> None:
    changing = Changing(world)
    world.keep(users=("bob",))
    assert await changing("mallory", add_users=("carol",)) is None
    world.interests.clear()
    assert await changing(add_users=("carol",)) is None
    changing.store.change_interest.assert_not_called()
    assert not world.register.partitions[0].interests


async def test_what_is_followed_is_read_again_and_so_kept(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.live(viewer="alice", interest=world.keep(users=("bob",)))
    monkeypatch.setattr("sse_presence.fanout.interests.KEEP", 0.01)
    async with meanwhile(Changing(world).interests.run()):
        await asyncio.wait_for(world.wanted.wait(), CEILING)
    assert [watched.name for watched in world.wanted.take(9)] == ["interest"]
