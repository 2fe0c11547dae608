"""Stored interests on real servers: made, followed and changed at whatever process."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.conftest import Events, StartLive


async def call(method: str, url: str, *, user: str = "alice", **body: Any) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.request(method, url, json=body, headers={"X-Presence-User": user})


async def made(url: str, **lists: Any) -> str:
    answer = await call("POST", f"{url}/v1/interests", **lists)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["interest"])


async def status(url: str, user: str, name: str) -> None:
    assert (await call("POST", f"{url}/v1/status", user=user, status=name)).status_code == 200


async def beat(url: str, user: str) -> None:
    assert (await call("POST", f"{url}/v1/heartbeat", user=user, device="d")).status_code == 200


@pytest.mark.parametrize("partitions", [1, 7])
async def test_a_change_at_one_process_is_followed_at_another(
    live: StartLive, partitions: int, events: Events
) -> None:
    one, other = (
        await live(partitions=partitions, presence_window=0.2),
        await live(partitions=partitions, presence_window=0.2),
    )
    for user in ("bob", "carol", "dave"):
        await beat(one.url, user)
    interest = await made(one.url, users=["bob", "carol"], channels=["room"])
    async with (
        events(one.url, me="alice", interest=interest) as here,
        events(other.url, me="alice", interest=interest) as there,
    ):
        for stream in (here, there):
            await stream.next("channel")
        answer = await call(
            "PATCH",
            f"{other.url}/v1/interests/{interest}",
            add={"users": ["dave"], "channels": ["hall"]},
            remove={"users": ["bob"]},
        )
        assert answer.json() == {"users": 2, "channels": 2, "members": 0}
        for stream in (here, there):
            assert (await stream.record("dave"))["status"] == "online"
        await status(one.url, "bob", "dnd")
        await status(one.url, "carol", "dnd")
        for stream in (here, there):
            assert (await stream.record("carol"))["status"] == "dnd"
            assert stream.statuses("bob") == ["online"]
            assert {"room", "hall"} <= {
                channel["channel"]
                for event in stream.received
                if event.name == "channel"
                for channel in event.data["channels"]
            }


async def test_after_the_answer_nothing_waits_of_what_was_removed(live: StartLive, events: Events) -> None:
    service = await live(presence_window=1)
    await beat(service.url, "bob")
    interest = await made(service.url, users=["bob", "carol"])
    async with events(service.url, me="alice", interest=interest) as stream:
        await stream.next("snapshot")
        await beat(service.url, "carol")
        await stream.record("carol")
        await status(service.url, "bob", "dnd")  # waits for the window
        await call("PATCH", f"{service.url}/v1/interests/{interest}", remove={"users": ["bob"]})
        await stream.quiet(1.3)
        assert stream.statuses("bob") == ["online"]


@pytest.mark.parametrize("partitions", [1, 7])
async def test_resuming_goes_by_the_id_and_tells_what_was_added(
    live: StartLive, partitions: int, events: Events
) -> None:
    service = await live(partitions=partitions, sweep=0.2)
    for user in ("bob", "carol"):
        await beat(service.url, user)
    interest = await made(service.url, users=["bob"])
    async with events(service.url, me="alice", interest=interest) as stream:
        await stream.next("snapshot")
        await beat(service.url, "dave")
        await stream.quiet(0.6)
        last = stream.last_id
    await call("PATCH", f"{service.url}/v1/interests/{interest}", add={"users": ["carol"]})
    async with events(service.url, me="alice", interest=interest, last=last) as stream:
        assert (await stream.next("hello")).data["resumed"] is True
        assert "carol" in {record["user"] for record in (await stream.next("presence")).data["users"]}


async def test_only_its_maker_may_open_it(live: StartLive) -> None:
    service = await live()
    interest = await made(service.url, users=["bob"])
    async with httpx.AsyncClient(trust_env=False) as client:
        for path in ("events", "poll"):
            for query in (f"as=mallory&interest={interest}", "as=alice&interest=none"):
                answer = await client.get(f"{service.url}/v1/{path}?{query}")
                assert answer.status_code == 404
                assert answer.json()["code"] == "not-found"
