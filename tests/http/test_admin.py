"""A user who is disconnected is gone from every process, and what was issued before lets nobody in again."""

from __future__ import annotations

import asyncio
import time

import httpx
import jwt
import msgspec
import pytest
from redis.asyncio import Redis

from sse_presence.domain.interest import Interest
from sse_presence.domain.rights import EVERYTHING, Identity, Rights
from sse_presence.fanout.opening import Opening
from sse_presence.sse.collector import Collector
from sse_presence.store import keys
from tests.conftest import Events, StartLive
from tests.http.caller import SECRET
from tests.http.test_tickets import JWT, bearer, by_ticket, ticket_of
from tests.http.wire import send
from tests.stream import CEILING

ADMIN = Rights(roles=frozenset({"admin"}))


def issued_later(user: str) -> dict[str, str]:
    """A token from after the disconnection; seconds are all that tokens tell."""
    claims = {"sub": user, "iat": time.time() + 2, "exp": time.time() + 600, "presence": {"watch_prefix": ""}}
    return {"Authorization": f"Bearer {jwt.encode(claims, SECRET, 'HS256')}"}


async def disconnect(url: str, user: str, headers: dict[str, str]) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.post(f"{url}/v1/users/{user}/disconnect", headers=headers)


async def test_c39_a_revoked_token_ends_its_streams_everywhere(live: StartLive, events: Events) -> None:
    """With `revoked`, within a ping, and no call with it or with a ticket made with it is let in again."""
    nodes = [await live(**JWT, ping=1.5) for _ in range(2)]
    mallory, alice = bearer("mallory"), bearer("alice")
    ticket = await ticket_of(nodes[0].url, mallory)
    async with (
        events(nodes[0].url, "alice", me="", headers=mallory) as here,
        events(nodes[1].url, "alice", me="", headers=mallory) as there,
        by_ticket(nodes[1].url, ticket, "alice") as with_ticket,
        events(nodes[1].url, "alice", me="", headers=alice) as other,
    ):
        for stream in (here, there, with_ticket, other):
            await stream.next("snapshot")
        answer = await disconnect(nodes[0].url, "mallory", bearer("root", ADMIN))
        assert answer.status_code == 200
        assert answer.json()["time"] > 1_700_000_000_000
        for stream in (here, there, with_ticket):
            bye = (await stream.end())[-1]
            assert (bye.name, bye.data["reason"]) == ("bye", "revoked")
        await other.quiet(0.5)
    for node in nodes:
        for path in (b"/v1/presence?user=alice", b"/v1/events?user=alice"):
            refused = await send(node.url, "GET", path, authorization=mallory["Authorization"])
            assert (refused.status, refused.data["code"]) == (401, "unauthenticated")
            assert "disconnected" in refused.data["detail"]
        refused = await send(node.url, "GET", f"/v1/events?user=alice&ticket={ticket}".encode())
        assert refused.status == 401
        async with events(node.url, "alice", me="", headers=issued_later("mallory")) as again:
            await again.next("snapshot")
    late = await live(**JWT)
    refused = await send(late.url, "GET", b"/v1/presence?user=alice", authorization=mallory["Authorization"])
    assert refused.status == 401, "a process that starts later knows it, too"


@pytest.mark.parametrize("lost", [False, True], ids=["kept", "lost"])
async def test_c39_after_the_clock_of_the_store_went_back(
    live: StartLive, events: Events, redis_url: str, *, lost: bool
) -> None:
    """A disconnection is learned elsewhere, too, where an earlier one has a later time, or was lost."""
    nodes = [await live(**JWT, ping=1.5) for _ in range(2)]
    ahead = int(time.time() * 1000) + 3_600_000
    async with Redis.from_url(redis_url) as redis:
        await redis.zadd(keys.REVOKED, {msgspec.msgpack.encode(("earlier", ahead)): ahead})
        for node in nodes:
            while not node.app.state.presence.revocations.refuses("earlier", 0):  # noqa: ASYNC110 - sets no event
                await asyncio.sleep(0.05)
        if lost:
            await redis.delete(keys.REVOKED)
    mallory = bearer("mallory")
    async with events(nodes[1].url, "alice", me="", headers=mallory) as stream:
        await stream.next("snapshot")
        answer = await disconnect(nodes[0].url, "mallory", bearer("root", ADMIN))
        assert answer.json()["time"] < ahead
        assert (await stream.end())[-1].data["reason"] == "revoked"


async def test_it_takes_the_role_and_a_user(live: StartLive) -> None:
    service = await live(**JWT)
    for rights, code in (
        (Rights(roles=frozenset({"publish", "monitor"})), 403),
        (Rights(), 403),
        (EVERYTHING, 200),
    ):
        answer = await disconnect(service.url, "bob", bearer("alice", rights))
        assert answer.status_code == code
        assert code == 200 or "'bob'" in answer.json()["detail"]
    assert (await send(service.url, "POST", b"/v1/users/bob/disconnect")).status == 401


async def test_bad_input(live: StartLive) -> None:
    service = await live()
    cases: list[tuple[int, bytes, bytes | None]] = [
        (200, b"bob", None),
        (200, b"a%2Fb%25%3F", b"{}"),
        (400, b"%zz", None),
        (400, b"%ff", None),
        (400, b"bob", b"{"),
        (422, b"", None),
        (422, b"%00", None),
        (422, b"x" * 129, None),
        (422, b"bob?now=1", None),
        (422, b"bob", b'{"user":"carol"}'),
    ]
    for code, user, body in cases:
        name, _, query = user.partition(b"?")
        target = b"/v1/users/%b/disconnect%b" % (name, b"?" + query if query else b"")
        answer = await send(service.url, "POST", target, body)
        assert answer.status == code, answer


async def test_without_the_store_it_is_not_claimed(live: StartLive) -> None:
    service = await live(redis_url="redis://127.0.0.1:1/0")
    assert (await send(service.url, "POST", b"/v1/users/bob/disconnect")).status == 503


async def test_in_open_mode_streams_end_and_names_stay_good(live: StartLive, events: Events) -> None:
    """There is nothing that could be refused; tickets can."""
    service = await live()
    ticket = await ticket_of(service.url, {"X-Presence-User": "alice"})
    async with events(service.url, "bob", me="alice") as stream:
        await stream.next("snapshot")
        await disconnect(service.url, "alice", {"X-Presence-User": "root"})
        async with asyncio.timeout(CEILING):
            assert (await stream.end())[-1].data["reason"] == "revoked"
    assert (await send(service.url, "GET", b"/v1/presence?user=bob")).status == 200
    assert (await send(service.url, "GET", f"/v1/poll?user=bob&ticket={ticket}".encode())).status == 401


async def test_a_request_that_is_being_looked_into_is_not_let_in(live: StartLive) -> None:
    """The disconnection may come between its credentials and its stream."""
    service = (await live()).app.state.presence
    caller = Identity(user="mallory", issued=1_000)
    sink = Collector("")
    await service.revocations.revoke("mallory")
    service.open(Opening(interest=Interest("mallory"), caller=caller), sink)
    assert b'"reason":"revoked"' in sink.answer()
    sink = Collector("")
    service.open(Opening(interest=Interest("mallory"), caller=issued_now(caller)), sink).close(
        by_peer=True, vanished=False
    )
    assert b'"reason":"revoked"' not in sink.answer()


def issued_now(caller: Identity) -> Identity:
    """The same caller with credentials from after the disconnection."""
    return msgspec.structs.replace(caller, issued=int(time.time() * 1000) + 60_000)
