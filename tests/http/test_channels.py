"""Channels: any id in a path, and who is there and types only for those who may know."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import quote

import httpx
import pytest

from sse_presence.domain.rights import EVERYTHING, Rights
from tests.conftest import StartLive
from tests.http.caller import SECRET, caller
from tests.http.wire import send
from tests.stream import CEILING

STRANGE = [
    "a/b",
    "/",
    "//",
    "a/",
    "%",
    "%25",
    "100%",
    "a+b",
    "a b",
    "*",
    "{x}",
    "?",
    "#",
    "a?b#c",
    "…",
    "🙂",
    "a;b",
]


@pytest.fixture
async def alice(live: StartLive) -> AsyncIterator[httpx.AsyncClient]:
    """A client that calls as alice, in open mode."""
    service = await live(sweep=0.1)
    async with httpx.AsyncClient(
        base_url=service.url, headers={"X-Presence-User": "alice"}, timeout=CEILING
    ) as client:
        yield client


async def beat(client: httpx.AsyncClient, user: str, *channels: str) -> None:
    answer = await client.post(
        "/v1/heartbeat", json={"device": "d", "channels": channels}, headers={"X-Presence-User": user}
    )
    assert answer.status_code == 200, answer.text


async def members(client: httpx.AsyncClient, channel: str, count: int) -> list[str]:
    """Who is in a channel as soon as so many are."""
    async with asyncio.timeout(CEILING):
        while True:
            told = (await client.get(f"/v1/channels/{quote(channel, safe='')}")).json()
            if told["count"] == count:
                return list(told["members"])
            await asyncio.sleep(0.02)


async def test_an_empty_channel(alice: httpx.AsyncClient) -> None:
    answer = await alice.get("/v1/channels/nowhere")
    assert answer.status_code == 200
    assert answer.json() == {"channel": "nowhere", "count": 0, "members": [], "typing": []}


async def test_members_come_and_go_with_their_heartbeats(alice: httpx.AsyncClient) -> None:
    await beat(alice, "carol", "room", "hall")
    await beat(alice, "bob", "room")
    assert await members(alice, "room", 2) == ["bob", "carol"]
    assert await members(alice, "hall", 1) == ["carol"]
    await beat(alice, "carol", "hall")
    assert await members(alice, "room", 1) == ["bob"]
    await beat(alice, "carol")
    assert await members(alice, "hall", 0) == []


async def test_typing_is_as_in_streams(alice: httpx.AsyncClient) -> None:
    """Without oneself, by name up to twenty, each for as long as it lasts."""
    for number in range(25):
        body = {"device": "d", "channel": "room", "typing": True}
        await alice.post("/v1/typing", json=body, headers={"X-Presence-User": f"user-{number:02}"})
    told = (await alice.get("/v1/channels/room", headers={"X-Presence-User": "user-00"})).json()
    assert [typist["user"] for typist in told["typing"]] == [f"user-{number:02}" for number in range(1, 21)]
    assert all(0 < typist["expires_in"] <= 6_000 for typist in told["typing"])
    assert told["count"] == 0, "who types is not there by that"


async def test_two_hundred_are_named(alice: httpx.AsyncClient) -> None:
    await asyncio.gather(*(beat(alice, f"user-{number:03}", "room") for number in range(203)))
    assert await members(alice, "room", 203) == [f"user-{number:03}" for number in range(200)]


async def test_any_id_fits_into_a_path(alice: httpx.AsyncClient) -> None:
    await beat(alice, "bob", *STRANGE)
    for channel in STRANGE:
        assert await members(alice, channel, 1) == ["bob"]
        told = (await alice.get(f"/v1/channels/{quote(channel, safe='')}")).json()
        assert told["channel"] == channel


async def test_what_is_no_channel(live: StartLive) -> None:
    service = await live()
    for code, path in (
        ("malformed", b"%"),
        ("malformed", b"%zz"),
        ("malformed", b"a%2"),
        ("malformed", b"%ff"),
        ("malformed", b"%ed%a0%80"),
        ("invalid", b""),
        ("invalid", b"%00"),
        ("invalid", b"a%0d%0ab"),
        ("invalid", b"x" * 129),
        ("invalid", b"room?members=1"),
    ):
        answer = await send(service.url, "GET", b"/v1/channels/" + path)
        assert 400 <= answer.status < 500
        assert answer.data["code"] == code, path


async def test_a_channel_takes_a_right(live: StartLive) -> None:
    service = await live(auth="jwt", jwt_secret=SECRET)
    async with caller(service, "alice", Rights(channels=frozenset({"room"}))) as client:
        assert (await client.get("/v1/channels/room")).status_code == 200
        refused = await client.get("/v1/channels/vault")
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
        assert "'vault'" in refused.json()["detail"]
        assert (await client.post("/v1/channels/room", json={})).status_code == 405


async def test_channels_without_a_right_are_dropped_and_named(live: StartLive) -> None:
    """What is allowed counts all the same: a list with one channel too many is no reason to be absent."""
    service = await live(auth="jwt", jwt_secret=SECRET, sweep=0.1)
    async with (
        caller(service, "alice", Rights(channels=frozenset({"room", "hall"}))) as alice,
        caller(service, "backend", EVERYTHING) as backend,
    ):
        body = {"device": "d", "channels": ["vault", "room", "vault", "crypt"]}
        answer = await alice.post("/v1/heartbeat", json=body)
        assert answer.status_code == 200
        assert answer.json()["denied"] == ["vault", "crypt"]
        assert answer.json()["status"] == "online"
        assert await members(backend, "room", 1) == ["alice"]
        for name in ("vault", "crypt"):
            assert (await backend.get(f"/v1/channels/{name}")).json()["count"] == 0
        answer = await alice.post("/v1/heartbeat", json={"device": "d", "channels": ["hall"]})
        assert "denied" not in answer.json()
        answer = await backend.post(
            "/v1/heartbeat", json={"device": "e", "user": "alice", "channels": ["vault"]}
        )
        assert "denied" not in answer.json(), "the right is the caller's"
        assert await members(backend, "vault", 1) == ["alice"]
