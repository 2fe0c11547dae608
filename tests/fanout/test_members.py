"""Who is in a channel, and the records of those who are: told in full first, then as they come and go."""

from __future__ import annotations

from typing import Any

from sse_presence.domain.record import OFFLINE
from sse_presence.domain.rights import Identity, Rights
from sse_presence.domain.roll import LISTED
from tests.fanout.world import Sink, World, record


def rolls(sink: Sink) -> list[dict[str, Any]]:
    """What was told of channels since last asked."""
    return [channel for name, data in sink.take() if name == "channel" for channel in data["channels"]]


def told(sink: Sink) -> list[tuple[str, list[str]]]:
    """Names of events, with the users in each."""
    return [(name, sorted(one["user"] for one in data.get("users", []))) for name, data in sink.take()]


def in_full(*users: str, channel: str = "room") -> dict[str, Any]:
    return {"channel": channel, "count": len(users), "members": list(users)}


# Who is there


async def test_all_members_follow_the_snapshot(world: World) -> None:
    world.members["room"] = {"bob", "alice"}
    _, sink = world.open(channels=("room", "empty"))
    world.read()
    world.turn()
    assert rolls(sink) == [in_full("alice", "bob"), in_full(channel="empty")]


async def test_the_first_change_leaves_at_once_and_the_next_within_the_window(world: World) -> None:
    _, sink = world.live(channels=("room",))
    world.turn(1.1)
    world.enter("room", "alice")
    world.turn()
    assert rolls(sink) == [{"channel": "room", "count": 1, "joined": ["alice"], "left": []}]
    world.enter("room", "bob")
    world.exit("room", "alice")
    world.turn(0.9)
    assert rolls(sink) == []
    world.turn(0.11)
    assert rolls(sink) == [{"channel": "room", "count": 1, "joined": ["bob"], "left": ["alice"]}]


async def test_who_comes_and_goes_within_a_window_is_not_told(world: World) -> None:
    _, sink = world.live(channels=("room",))
    world.enter("room", "alice")
    world.exit("room", "alice")
    world.turn(1.1)
    assert sink.names() == []


async def test_a_slow_peer_gets_the_net_difference(world: World) -> None:
    world.members["room"] = {"alice"}
    _, sink = world.live(channels=("room",))
    sink.busy = True
    for _ in range(50):
        world.enter("room", "bob")
        world.exit("room", "alice", "bob")
        world.enter("room", "alice", "carol")
        world.turn(0.2)
    sink.free()
    world.turn()
    assert rolls(sink) == [{"channel": "room", "count": 2, "joined": ["carol"], "left": []}]


async def test_after_a_gap_all_members_are_told_if_anything_changed(world: World) -> None:
    world.members["room"], world.members["hall"] = {"alice"}, {"dave"}
    _, sink = world.live(channels=("room", "hall"))
    world.publish(rolls=(world.roll("room", joined=("bob",)),))  # lost
    world.mark()
    world.turn(1.1)
    world.read()
    world.turn(1.1)
    events = sink.take()
    assert [name for name, _ in events] == ["stale", "channel", "fresh"]
    assert events[1][1]["channels"] == [in_full("alice", "bob")]


async def test_after_resuming_all_members_are_told(world: World) -> None:
    world.members["room"] = {"alice"}
    _, first = world.open(channels=("room",))
    world.read()
    world.turn()
    last = [event.id for write in first.writes for event in write if event.id][-1]
    _, sink = world.open(channels=("room",), last=last)
    assert [event.event for event in sink.writes[0]] == ["hello", "presence", "typing", "channel"]
    assert rolls(sink) == [in_full("alice")]


async def test_a_store_that_lost_its_channels_shows_nobody_leaving_one(world: World) -> None:
    world.members["room"] = {"alice", "bob"}
    _, sink = world.live(channels=("room",))
    world.wipe("second")
    world.mark()
    world.read()
    world.turn(1.1)
    assert rolls(sink) == [in_full("alice", "bob")]
    world.enter("room", "carol")
    world.exit("room", "carol")
    world.enter("room", "bob")
    world.turn(1.1)
    assert rolls(sink) == [{"channel": "room", "count": 3, "joined": ["carol"], "left": []}]
    world.mender._settled(world.register.partitions[0])
    world.read()
    world.turn(1.1)
    assert rolls(sink) == [in_full("bob")]


# The records of members


async def test_a_snapshot_has_the_records_of_members(world: World) -> None:
    world.members["room"] = {"alice", "bob"}
    world.store["bob"] = record("bob", 3)
    _, sink = world.open("carol", members=("room",))
    world.read()
    world.turn()
    assert told(sink)[0] == ("snapshot", ["alice", "bob", "carol"])
    world.hear(record("bob", 4), record("zoe", 1))
    world.turn(1.1)
    assert told(sink) == [("presence", ["bob"])]


async def test_records_of_who_joins_are_told_and_of_who_left_no_more(world: World) -> None:
    world.members["room"] = {"bob"}
    world.store["alice"] = record("alice", 2)
    _, sink = world.live(members=("room",))
    world.turn(1.1)
    world.enter("room", "alice")
    world.turn()
    assert sink.names() == ["channel"], "her record is not known yet"
    world.read()
    world.turn()
    assert told(sink) == [("presence", ["alice"])]
    world.hear(record("alice", 3), record("bob", 1))
    world.exit("room", "alice")
    world.turn(1.1)
    assert told(sink) == [("channel", []), ("presence", ["bob"])]
    world.hear(record("alice", 4))
    world.turn(1.1)
    assert told(sink) == []
    assert "alice" not in world.register.partitions[0].users


async def test_who_is_watched_for_another_reason_stays(world: World) -> None:
    world.members["room"], world.members["hall"] = {"alice", "bob"}, {"bob"}
    _, sink = world.live("alice", members=("room", "hall"))
    world.exit("room", "alice", "bob")
    world.turn(1.1)
    sink.take()
    world.hear(record("alice", 1), record("bob", 1))
    world.turn(1.1)
    assert told(sink) == [("presence", ["alice", "bob"])]
    world.exit("hall", "bob")
    world.hear(record("alice", 2), record("bob", 2))
    world.turn(1.1)
    assert told(sink) == [("channel", []), ("presence", ["alice"])]


async def test_whom_the_caller_may_not_watch_is_left_out(world: World) -> None:
    caller = Identity(user="alice", rights=Rights(watch=frozenset({"bob"}), channels=frozenset({"room"})))
    world.members["room"] = {"bob", "carol"}
    _, sink = world.open(members=("room",), viewer="alice", caller=caller)
    world.read()
    world.turn()
    assert told(sink)[0] == ("snapshot", ["bob"])
    world.enter("room", "alice", "dave")
    world.read()
    world.turn(1.1)
    assert told(sink) == [("channel", []), ("presence", ["alice"])]


async def test_members_are_read_before_the_snapshot_also_if_they_join_meanwhile(world: World) -> None:
    world.members["room"] = {"alice"}
    stream, sink = world.open(members=("room",))
    room = world.register.room("room")
    assert world.wanted.take(1) == [room]
    room.roster.ask()
    world.enter("room", "bob")
    world.hub.take_room(room, room.listed, 0, world.whole("room"))
    assert stream.missing == 2
    world.turn()
    assert sink.take() == []
    world.read()
    world.turn()
    assert told(sink)[0] == ("snapshot", ["alice", "bob"])


async def test_a_member_who_leaves_before_the_snapshot_is_not_waited_for(world: World) -> None:
    world.members["room"] = {"alice"}
    _, sink = world.open(members=("room",))
    room = world.register.room("room")
    assert world.wanted.take(1) == [room]
    world.hub.take_room(room, room.listed, 0, world.whole("room"))
    world.exit("room", "alice")
    world.turn()
    assert told(sink)[0] == ("snapshot", [])


async def test_above_the_limit_nobody_is_followed(world: World) -> None:
    crowd = [f"user-{number}" for number in range(LISTED)]
    world.members["room"] = set(crowd)
    stream, sink = world.live(members=("room",))
    assert len(stream.topics) == LISTED
    world.enter("room", "alice")
    world.turn(1.1)
    assert rolls(sink) == [{"channel": "room", "count": LISTED + 1}]
    assert not stream.topics
    world.exit("room", "user-7")
    world.read()
    world.turn(1.1)
    assert len(stream.topics) == LISTED


async def test_resuming_tells_all_records_of_members(world: World) -> None:
    world.members["room"] = {"alice"}
    world.store["alice"], world.store["bob"] = record("alice", 1), record("bob", 1)
    _, first = world.open("bob", members=("room",))
    world.read()
    world.turn()
    last = [event.id for write in first.writes for event in write if event.id][-1]
    _, sink = world.open("bob", members=("room",), last=last)
    assert sink.writes[0][0].json()["resumed"] is True
    assert told(sink)[0] == ("presence", ["alice"])


async def test_who_joins_during_a_gap_is_told_though_known(world: World) -> None:
    world.store["alice"] = record("alice", 5)
    world.live("alice")
    _, sink = world.live(members=("room",))
    world.publish(rolls=(world.roll("room", joined=("alice",)),))  # lost
    world.mark()
    world.turn()
    world.read()
    world.turn(1.1)
    assert told(sink) == [("stale", []), ("channel", []), ("presence", ["alice"]), ("fresh", [])]


async def test_a_wiped_store_shows_members_as_they_were(world: World) -> None:
    world.members["room"] = {"alice"}
    world.store["alice"] = record("alice", 7)
    _, sink = world.live(members=("room",))
    world.wipe("second")
    world.mark()
    world.read()
    world.turn()
    name, data = sink.take()[0]
    assert name == "snapshot"
    assert [(one["user"], one["status"], one["version"]) for one in data["users"]] == [("alice", "online", 0)]
    world.mender._settled(world.register.partitions[0])
    world.store["alice"] = record("alice", 1, OFFLINE)
    world.read()
    world.turn()
    assert told(sink)[0] == ("snapshot", []), "she is in no channel any more"


async def test_a_stream_that_leaves_gives_everything_back(world: World) -> None:
    world.members["room"] = {"alice", "bob"}
    stream, _ = world.live("carol", members=("room",), viewer="dave")
    assert world.register.watched == {"dave": 3}
    world.enter("room", "erin")
    assert world.register.watched == {"dave": 4}
    world.hub.leave(stream)
    (partition,) = world.register.partitions
    assert not any(partition.watched())
    assert not world.register.watched


async def test_who_comes_to_watch_too_many_is_told_the_limit() -> None:
    world = World(max_watched_per_user=2)
    world.begin()
    _, sink = world.live("alice", members=("room",), viewer="dave")
    world.enter("room", "bob")
    world.turn()
    assert "bye" not in sink.names()
    world.enter("room", "carol")
    world.turn()
    name, data = sink.take()[-1]
    assert (name, data["reason"]) == ("bye", "limit")
