"""Who is in a channel, and the records of its members, on a real server and a real store."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from tests.conftest import Events, StartLive
from tests.stream import Stream


async def beat(url: str, user: str, *channels: str, device: str = "d") -> None:
    """A device of a user is in these channels."""
    await _post(url, user, "heartbeat", device=device, channels=channels)


async def _post(url: str, user: str, path: str, **body: Any) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.post(f"{url}/v1/{path}", json=body, headers={"X-Presence-User": user})
    assert answer.status_code == 200, answer.text


async def until(stream: Stream, members: set[str]) -> list[dict[str, Any]]:
    """What was told of the one channel until these are in it, as the client keeps the list."""
    view: set[str] = set()
    told: list[dict[str, Any]] = []
    while view != members or not told:
        event = await stream.next("channel")
        (roll,) = event.data["channels"]
        view = set(roll["members"]) if "members" in roll else (view | set(roll["joined"])) - set(roll["left"])
        assert len(view) == roll["count"]
        told.append(roll)
    return told


async def test_who_comes_and_goes_is_told(live: StartLive, events: Events) -> None:
    service = await live(grace=0.2, sweep=0.2, presence_window=0.2)
    await beat(service.url, "alice", "room")
    async with events(service.url, channels=["room"]) as stream:
        assert (await until(stream, {"alice"}))[0]["members"] == ["alice"]
        await beat(service.url, "bob", "room", "hall")
        (roll,) = (await stream.next("channel")).data["channels"]
        assert roll == {"channel": "room", "count": 2, "joined": ["bob"], "left": []}
        await _post(service.url, "alice", "leave", device="d")
        (roll,) = (await stream.next("channel")).data["channels"]
        assert roll == {"channel": "room", "count": 1, "joined": [], "left": ["alice"]}
        await beat(service.url, "bob", "hall")
        (roll,) = (await stream.next("channel")).data["channels"]
        assert (roll["count"], roll["left"]) == (0, ["bob"])


@pytest.mark.parametrize("partitions", [1, 7])
async def test_the_records_of_members_follow_them(live: StartLive, partitions: int, events: Events) -> None:
    service = await live(partitions=partitions, presence_window=0.2)
    await beat(service.url, "alice", "room")
    async with events(service.url, members=["room"]) as stream:
        assert (await stream.record("alice"))["status"] == "online"
        await beat(service.url, "bob", "room")
        assert (await stream.record("bob"))["status"] == "online"
        await beat(service.url, "alice")
        while "alice" not in (await stream.next("channel")).data["channels"][0].get("left", []):
            pass
        await _post(service.url, "alice", "status", status="dnd")
        await _post(service.url, "bob", "status", status="dnd")
        assert (await stream.record("bob"))["status"] == "dnd"
        await stream.quiet(0.5)
        assert stream.statuses("alice") == ["online"]


@pytest.mark.parametrize("partitions", [1, 7])
async def test_resuming_tells_all_members_and_their_records(
    live: StartLive, partitions: int, events: Events
) -> None:
    service = await live(partitions=partitions)
    for user in ("alice", "bob"):
        await beat(service.url, user, "room")
    async with events(service.url, members=["room"]) as stream:
        await until(stream, {"alice", "bob"})
        last = stream.last_id
    async with events(service.url, members=["room"], last=last) as stream:
        assert (await stream.next("hello")).data["resumed"] is True
        told = (await stream.next("presence")).data["users"]
        assert sorted(record["user"] for record in told) == ["alice", "bob"]
        assert (await until(stream, {"alice", "bob"}))[0]["members"] == ["alice", "bob"]


async def test_invisible_members_are_seen_to_leave(live: StartLive, events: Events) -> None:
    service = await live(grace=0.2, sweep=0.2, presence_window=0.2)
    for user in ("alice", "bob"):
        await beat(service.url, user, "room")
    async with events(service.url, members=["room"]) as stream:
        await until(stream, {"alice", "bob"})
        await _post(service.url, "alice", "status", status="invisible")
        (roll,) = (await stream.next("channel")).data["channels"]
        assert roll["left"] == ["alice"]
        await _post(service.url, "alice", "status", status="online")
        (roll,) = (await stream.next("channel")).data["channels"]
        assert roll["joined"] == ["alice"]


async def test_two_processes_tell_the_same(live: StartLive, events: Events) -> None:
    one, other = await live(), await live()
    async with (
        events(one.url, members=["room"]) as first,
        events(other.url, members=["room"]) as second,
    ):
        await asyncio.gather(*(beat(one.url, f"user-{number}", "room") for number in range(20)))
        for stream in (first, second):
            seen: set[str] = set()
            while len(seen) < 20:
                told = await stream.next("snapshot", "presence")
                seen |= {record["user"] for record in told.data["users"]}
