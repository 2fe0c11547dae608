"""Gaps and other stores: what is lost is noticed and read again, and nobody is shown leaving by our fault."""

from __future__ import annotations

from typing import Any

from sse_presence.domain.record import OFFLINE
from sse_presence.domain.signal import Reading
from tests.fanout.world import LIVENESS, START, Sink, World, record


def versions(events: list[tuple[str, Any]]) -> list[tuple[str, list[tuple[str, int]]]]:
    """Names of events, with user and version of each record in them."""
    return [(name, [(one["user"], one["version"]) for one in data.get("users", [])]) for name, data in events]


def last_id(sink: Sink) -> str:
    return [event.id for write in sink.writes for event in write if event.id][-1]


# Gaps


async def test_a_hole_is_noticed_and_what_was_lost_is_told(world: World) -> None:
    _, sink = world.live("alice", "bob")
    world.publish(record("alice", 1))  # lost
    world.hear(record("bob", 1))
    world.turn()
    assert versions(sink.take()) == [("stale", []), ("presence", [("bob", 1)])]
    world.read()
    world.turn(1.1)
    assert versions(sink.take()) == [("presence", [("alice", 1)]), ("fresh", [])]


async def test_a_hole_that_cost_nothing_tells_nothing(world: World) -> None:
    _, sink = world.live("alice")
    world.publish(record("zoe", 1))
    world.mark()
    world.turn()
    world.read()
    world.turn()
    assert sink.names() == ["stale", "fresh"]


async def test_while_something_is_missing_cursors_stand_still(world: World) -> None:
    _, sink = world.live("alice", "bob")
    world.mark()
    world.hear(record("bob", 1, changed=world.time))
    world.turn(1.1)
    before = last_id(sink)
    world.publish(record("alice", 1, changed=world.time))  # lost
    world.mark()
    world.hear(record("bob", 2, changed=world.time))
    world.turn(1.1)
    assert last_id(sink) == before
    world.read()
    world.turn(1.1)
    assert last_id(sink) != before


async def test_a_lost_bus_is_stale_and_mended_when_it_is_heard_again(world: World) -> None:
    _, sink = world.live("alice", "bob", channels=("room",))
    world.lose()
    world.turn()
    ((name, data),) = sink.take()
    assert name == "stale"
    assert data["since"] >= START
    world.publish(record("alice", 1))
    world.begin()
    world.turn(1.1)
    assert sink.take() == [], "not before everything was read"
    world.read()
    world.turn()
    assert versions(sink.take()) == [("presence", [("alice", 1)]), ("fresh", [])]


async def test_a_gap_ends_though_nobody_watches_any_more_what_was_not_read(world: World) -> None:
    stream, _ = world.live("alice")
    _, sink = world.live("bob")
    world.lose()
    world.begin()
    world.wanted.take_gap()
    world.wanted.read(world.register.partitions[0].users["bob"])
    world.read()
    world.turn()
    assert sink.names() == ["stale"], "alice was not read"
    world.hub.leave(stream)
    world.mark()
    world.turn()
    assert sink.names() == ["fresh"]
    assert (world.mender.gaps, world.mender.repairs) == (1, 1)


async def test_whoever_is_watched_after_a_gap_does_not_prolong_it(world: World) -> None:
    _, sink = world.live("alice")
    world.lose()
    world.begin()
    world.turn()
    _, late = world.open("carol")
    world.wanted.take(10)
    world.wanted.read(world.register.partitions[0].users["alice"])
    world.wanted.take_gap()
    world.read()
    world.turn()
    assert sink.names() == ["stale", "fresh"]
    assert late.names() == ["stale"], "carol was not read"


async def test_a_gap_while_reading_makes_the_reading_outdated(world: World) -> None:
    _, sink = world.open("alice", "bob")
    batch = world.wanted.take(1)
    world.publish(record("alice", 1))
    world.mark()
    assert [topic.name for topic in batch] == ["alice"]
    assert not batch[0].current
    assert len(world.read()) == 2
    world.turn()
    events = [event for event in versions(sink.take()) if event[0] != "stale"]
    assert events[0] == ("snapshot", [("alice", 1), ("bob", 0)])


async def test_opened_without_the_store_it_is_stale_and_waits(world: World) -> None:
    world.lose()
    _, sink = world.open("alice")
    assert sink.names() == ["stale"]
    world.turn(16)
    assert sink.names() == ["ping"]
    world.begin()
    world.read()
    world.turn()
    assert sink.names() == ["snapshot", "fresh"]


async def test_opened_before_the_store_was_ever_reached() -> None:
    world = World()
    _, sink = world.open("alice", last="anything")
    assert sink.names() == ["stale"]
    world.begin()
    world.read()
    world.turn()
    assert sink.names() == ["snapshot", "fresh"]


async def test_a_store_that_cannot_be_read_leaves_those_stale_who_wait_for_it(world: World) -> None:
    _, waiting = world.open("alice")
    _, live = world.open()
    live.take()
    world.wanted.failing = True
    world.hub.reading_failed()
    world.turn()
    assert (waiting.names(), live.names()) == (["stale"], [])
    world.wanted.failing = False
    world.read()
    world.turn()
    assert waiting.names() == ["snapshot", "fresh"]


async def test_five_silent_seconds_are_too_many(world: World) -> None:
    assert [world.mender.second([0]) for _ in range(5)] == [False] * 4 + [True]
    world.begin()
    for _ in range(20):
        assert not world.mender.second([0])
        world.mark()


async def test_resume_after_a_gap_that_another_process_saw(world: World) -> None:
    _, first = world.open("alice")
    world.read()
    world.turn()
    cursor = last_id(first)
    world.lose()
    world.publish(record("alice", 1, changed=world.time + 1))
    world.begin()
    _, sink = world.open("alice", last=cursor)
    world.read()
    world.turn()
    assert sink.take()[-2:] == [
        ("presence", {"users": [{"user": "alice", "status": "online", "version": 1}]}),
        ("fresh", {}),
    ]


# Another incarnation


async def test_a_wiped_store_shows_what_was_last_known_and_later_the_truth(world: World) -> None:
    world.store["alice"] = record("alice", 7)
    world.store["bob"] = record("bob", 3)
    _, sink = world.live("alice", "bob")
    world.wipe("second")
    world.mark()
    world.turn()
    ((name, data),) = sink.take()
    assert name == "snapshot"
    assert versions([(name, data)]) == [("snapshot", [("alice", 0), ("bob", 0)])]
    assert [one["status"] for one in data["users"]] == ["online", "online"]
    assert 0 < data["settling_ms"] <= LIVENESS * 1000 + 500
    assert world.wanted.take_settles() == {0: "second"}

    world.hear(record("alice", 1, '"status":"dnd"'))
    world.turn()
    assert versions(sink.take()) == [("presence", [("alice", 1)])], "who signals is shown as it is"

    world.mender._settled(world.register.partitions[0])
    world.read()
    world.turn()
    ((name, data),) = sink.take()
    assert versions([(name, data)]) == [("snapshot", [("alice", 1), ("bob", 0)])]
    assert [one["status"] for one in data["users"]] == ["dnd", "offline"]
    assert "settling_ms" not in data


async def test_a_store_that_came_back_is_asked_who_is_there_already(world: World) -> None:
    """Signals may be taken before its bus is heard; offline proves nothing yet."""
    for user in ("alice", "bob", "carol"):
        world.store[user] = record(user, 7)
    _, sink = world.live("alice", "bob", "carol")
    world.lose()
    world.turn()
    world.wipe("second")
    world.store["alice"] = record("alice", 1, '"status":"dnd"')
    world.store["bob"] = record("bob", 9, OFFLINE)
    sink.take()
    world.begin()
    world.turn()
    (snapshot,) = [told for told in versions(sink.take()) if told[0] != "fresh"]
    assert snapshot == ("snapshot", [("alice", 0), ("bob", 0), ("carol", 0)])
    world.read()
    world.turn(1)
    assert versions(sink.take()) == [("presence", [("alice", 1)])]


async def test_settling_that_ends_while_the_store_is_down_forgets_nobody(world: World) -> None:
    world.store["alice"] = record("alice", 7)
    _, sink = world.live("alice")
    world.wipe("second")
    world.mark()
    world.turn()
    world.lose()
    world.mender._settled(world.register.partitions[0])
    world.turn()
    sink.take()
    world.wipe("third")
    world.begin()
    world.read()
    world.turn(2)
    ((name, data),) = [told for told in sink.take() if told[0] == "snapshot"]
    assert versions([(name, data)]) == [("snapshot", [("alice", 0)])]
    assert data["users"][0]["status"] == "online"
    world.mender._settled(world.register.partitions[0])
    world.read()
    world.turn()
    ((_, data),) = sink.take()
    assert data["users"] == [{"user": "alice", "status": "offline", "version": 0}], "in the end the truth"


async def test_while_settling_a_gap_shows_nobody_leaving(world: World) -> None:
    world.store["alice"] = record("alice", 7)
    _, sink = world.live("alice")
    world.wipe("second")
    world.mark()
    world.turn()
    sink.take()
    world.lose()
    world.turn()
    world.begin()
    world.read()
    world.turn(2)
    assert sink.names() == ["stale", "fresh"]
    world.store["alice"] = record("alice", 6, OFFLINE)  # lost writes: an older state with a higher version
    world.lose()
    world.begin()
    world.read()
    world.turn(2)
    assert "presence" not in sink.names()


async def test_while_settling_nobody_is_heard_leaving(world: World) -> None:
    world.store["alice"] = record("alice", 7)
    _, sink = world.live("alice")
    world.wipe("second")
    world.mark()
    world.turn()
    sink.take()
    world.hear(record("alice", 1, OFFLINE))  # she chose a status before a device of hers signalled again
    world.turn()
    assert sink.take() == []
    world.hear(record("alice", 2))
    world.turn()
    assert versions(sink.take()) == [("presence", [("alice", 2)])]


async def test_cursors_issued_while_settling_or_before_ask_for_a_snapshot(world: World) -> None:
    _, first = world.open("alice")
    world.read()
    world.turn()
    before = last_id(first)
    world.wipe("second")
    world.mark()
    _, second = world.open("alice", last=before)
    world.turn()
    assert second.writes[0][0].json()["resumed"] is False
    during = last_id(second)
    world.mender._settled(world.register.partitions[0])
    world.read()
    for cursor in (before, during):
        _, sink = world.open("alice", last=cursor)
        assert sink.writes[0][0].json()["resumed"] is False


async def test_a_process_that_joins_while_the_store_settles_learns_it_from_readings(world: World) -> None:
    _, sink = world.open("alice")
    world.mender.learn_settling(0, "first", 20_000)
    world.read()
    world.turn()
    ((_, data),) = sink.take()
    assert 0 < data["settling_ms"] <= 20_500
    world.mender._settled(world.register.partitions[0])
    world.read()
    world.turn()
    assert "settling_ms" not in sink.take()[0][1]


async def test_one_partition_that_settles_leaves_the_others_as_they_are() -> None:
    world = World(partitions=2)
    world.begin()
    reading = Reading(
        records=[], time=world.time, positions={0: ("first", 0), 1: ("first", 0)}, settling={1: 20_000}
    )
    world.hub.take_reading(reading)
    assert [partition.settles_at is None for partition in world.register.partitions] == [True, False]
    world.mender.close()


async def test_a_store_seen_for_the_first_time_is_simply_new(world: World) -> None:
    _, sink = world.open("alice")
    world.read()
    world.turn()
    assert "settling_ms" not in sink.take()[0][1]
    assert world.wanted.take_settles() == {}


async def test_what_an_old_incarnation_still_says_is_ignored(world: World) -> None:
    _, sink = world.live("alice")
    late = world.publish(record("alice", 9))
    world.wipe("second")
    world.mark()
    world.turn()
    sink.take()
    world.hub.hear(0, late)
    world.turn(2)
    assert sink.names() == []
    assert world.register.partitions[0].line.incarnation == "second"


async def test_the_bus_may_tell_of_another_incarnation_when_it_is_heard_again(world: World) -> None:
    world.store["alice"] = record("alice", 7)
    _, sink = world.live("alice")
    world.lose()
    world.turn()
    world.wipe("second")
    world.begin()
    world.turn()
    assert sink.names() == ["stale", "snapshot", "fresh"]
