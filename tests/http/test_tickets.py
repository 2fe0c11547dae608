"""A ticket in an address opens streams and polls and nothing else, and is soon worth nothing by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from redis.asyncio import Redis

from sse_presence.domain.rights import EVERYTHING, Rights
from sse_presence.http.mint import mint
from sse_presence.settings import Settings
from tests.conftest import Events, StartLive
from tests.http.caller import SECRET
from tests.http.wire import send
from tests.stream import CEILING, TIMEOUT, Stream, follow

SETTINGS = Settings(auth="jwt", jwt_secret=SECRET)
JWT: dict[str, Any] = {"auth": "jwt", "jwt_secret": SECRET}


def bearer(user: str, rights: Rights = EVERYTHING, lifetime: float = 600) -> dict[str, str]:
    return {"Authorization": f"Bearer {mint(SETTINGS, user, rights, lifetime=lifetime)}"}


async def ticket_of(url: str, headers: dict[str, str]) -> str:
    """A new ticket."""
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.post(f"{url}/v1/tickets", headers=headers)
    assert answer.status_code == 201, answer.text
    assert answer.json().keys() == {"ticket", "expires_in"}
    assert answer.json()["expires_in"] <= 30_000
    assert answer.headers["cache-control"] == "no-store"
    return str(answer.json()["ticket"])


async def after_half_a_minute(redis_url: str) -> None:
    """Let the store forget what it keeps for half a minute."""
    async with Redis.from_url(redis_url) as redis:
        names = [name async for name in redis.scan_iter("*:fresh:*")]
        assert names
        for name in names:
            assert 0 < await redis.pttl(name) <= 30_000
        await redis.delete(*names)


@asynccontextmanager
async def by_ticket(
    url: str, ticket: str, *users: str, last: str | None = None, headers: dict[str, str] | None = None
) -> AsyncIterator[Stream]:
    """A stream as an EventSource opens it: all is in the address, but for the last id."""
    sent = (headers or {}) | ({} if last is None else {"Last-Event-ID": last})
    query = httpx.QueryParams([("ticket", ticket), *(("user", user) for user in users)])
    async with (
        httpx.AsyncClient(timeout=TIMEOUT, trust_env=False) as client,
        follow(client, f"{url}/v1/events", query, sent) as stream,
    ):
        yield stream


async def cursor_of(stream: Stream) -> str:
    return (await stream.next("snapshot", "presence")).id


async def test_a_ticket_opens_a_stream_with_the_rights_of_its_maker(live: StartLive) -> None:
    url = (await live(**JWT)).url
    ticket = await ticket_of(url, bearer("alice", Rights(watch=frozenset({"bob"}))))
    assert len(ticket) >= 22
    assert ticket != await ticket_of(url, bearer("alice"))
    for _ in range(2):
        async with by_ticket(url, ticket, "bob", "alice") as stream:
            assert len((await stream.next("snapshot")).data["users"]) == 2
    refused = await send(url, "GET", f"/v1/events?user=carol&ticket={ticket}".encode(), x_presence_user="")
    assert (refused.status, refused.data["code"]) == (403, "forbidden")
    assert ticket not in refused.body.decode()


async def test_a_ticket_opens_nothing_else(live: StartLive) -> None:
    url = (await live(**JWT)).url
    ticket = (await ticket_of(url, bearer("alice"))).encode()
    for method, path in (
        ("GET", b"/v1/presence?user=alice"),
        ("POST", b"/v1/heartbeat?"),
        ("POST", b"/v1/leave?"),
        ("POST", b"/v1/tickets?"),
        ("POST", b"/v1/interests?"),
    ):
        answer = await send(url, method, path + b"&ticket=" + ticket, b'{"device":"d"}')
        assert answer.status == 401, (method, path, answer)
    for header in (b"Bearer " + ticket, b"Ticket " + ticket):
        answer = await send(url, "GET", b"/v1/events?user=alice", authorization=header)
        assert answer.status == 401
    answer = await send(url, "GET", b"/v1/events?user=alice", cookie=b"presence_token=" + ticket)
    assert answer.status == 401


async def test_later_it_takes_a_cursor_that_was_issued_under_it(
    live: StartLive, events: Events, redis_url: str
) -> None:
    url = (await live(**JWT)).url
    ticket, other = await ticket_of(url, bearer("alice")), await ticket_of(url, bearer("alice"))
    cursors = []
    for address in (ticket, other):
        async with by_ticket(url, address, "bob") as stream:
            cursors.append(await cursor_of(stream))
    async with events(url, "bob", me="", headers=bearer("alice")) as stream:
        without_ticket = await cursor_of(stream)
    await after_half_a_minute(redis_url)
    good, foreign = cursors
    async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
        query = {"user": "bob", "ticket": ticket}
        for path in ("/v1/events", "/v1/poll"):
            for last in (
                None,
                "",
                "0",
                "x" * 64,
                foreign,
                without_ticket,
                good[:-1],
                good[:-1] + ("A" if good[-1] != "A" else "B"),
            ):
                headers = {} if last is None else {"Last-Event-ID": last}
                answer = await client.get(path, params=query, headers=headers)
                assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated"), (path, last)
                assert "POST /v1/tickets" in answer.json()["detail"]
        for last in (good, await _resumed(url, ticket, good)):
            async with by_ticket(url, ticket, "bob", last=last) as stream:
                assert (await stream.next("hello")).data["resumed"]
            polled = await client.get("/v1/poll", params=query | {"last_event_id": last, "timeout_ms": 0})
            assert polled.status_code == 200, polled.text
        async with by_ticket(url, ticket, "carol", last=good) as stream:
            assert not (await stream.next("hello")).data["resumed"], "another interest, but let in"


async def _resumed(url: str, ticket: str, last: str) -> str:
    """The cursor of a stream that went on where another ended."""
    async with by_ticket(url, ticket, "bob", last=last) as stream:
        return await cursor_of(stream)


async def test_a_ticket_ends_with_the_token_that_it_was_made_with(live: StartLive, redis_url: str) -> None:
    url = (await live(**JWT)).url
    async with Redis.from_url(redis_url) as redis:
        ticket = await ticket_of(url, bearer("alice", lifetime=3))
        names = [name async for name in redis.scan_iter("*:v:*")]
        assert len(names) == 2
        assert all([0 < await redis.pttl(name) <= 3_000 for name in names])
        async with by_ticket(url, ticket, "bob") as stream:
            last = await cursor_of(stream)
            bye = (await stream.end())[-1]
        assert (bye.name, bye.data["reason"]) == ("bye", "expired")
        answer = await send(url, "GET", f"/v1/events?user=bob&last_event_id={last}&ticket={ticket}".encode())
        assert answer.status == 401
        async with asyncio.timeout(CEILING):
            while [name async for name in redis.scan_iter("*:v:*")]:  # noqa: ASYNC110 - another's clock
                await asyncio.sleep(0.05)


async def test_open_mode_has_tickets_that_end_too(live: StartLive, redis_url: str) -> None:
    url = (await live()).url
    ticket = await ticket_of(url, {"X-Presence-User": "alice"})
    async with by_ticket(url, ticket, "alice") as stream:
        await stream.next("snapshot")
    head = await send(url, "HEAD", f"/v1/events?as=bob&ticket={ticket}".encode(), x_presence_user="")
    assert head.status == 200
    async with Redis.from_url(redis_url) as redis:
        for name in [name async for name in redis.scan_iter("*:ticket:*")]:
            assert 3_590_000 < await redis.pttl(name) <= 3_600_000


async def test_a_token_in_the_header_counts_before_a_ticket(live: StartLive) -> None:
    url = (await live(**JWT)).url
    ticket = await ticket_of(url, bearer("alice"))
    async with by_ticket(url, ticket, "alice", "bob", headers=bearer("bob")) as stream:
        users = (await stream.next("snapshot")).data["users"]
        assert len(users) == 2
    refused = await send(
        url, "GET", f"/v1/events?user=a&ticket={ticket}".encode(), authorization="Bearer nonsense"
    )
    assert refused.status == 401


async def test_the_store_does_not_know_tickets(live: StartLive, redis_url: str) -> None:
    url = (await live()).url
    ticket = (await ticket_of(url, {"X-Presence-User": "alice"})).encode()
    async with Redis.from_url(redis_url) as redis:
        names = [name async for name in redis.scan_iter("*:v:*")]
        assert names
        for name in names:
            assert ticket not in name
            value = await redis.get(name)
            assert isinstance(value, bytes)
            assert ticket not in value


async def test_what_is_no_ticket_is_nobody(live: StartLive) -> None:
    settings: dict[str, Any]
    for settings in ({}, JWT):
        url = (await live(**settings)).url
        for ticket in ("", "x", "x" * 32, "*", "%00", "%F0%9F%99%82", "a/b", "x" * 10_000):
            for path in ("events", "poll"):
                answer = await send(url, "GET", f"/v1/{path}?user=a&ticket={ticket}".encode())
                assert (answer.status, answer.data["code"]) == (401, "unauthenticated")


async def test_two_tickets_are_one_too_many(live: StartLive) -> None:
    url = (await live()).url
    answer = await send(url, "GET", b"/v1/events?user=a&ticket=x&ticket=y")
    assert (answer.status, answer.data["errors"][0]["field"]) == (422, "ticket")


async def test_there_is_nothing_to_say_about_a_ticket(live: StartLive) -> None:
    url = (await live()).url
    for code, body, media_type in (
        (201, b"{}", "application/json"),
        (201, b"{}", "text/plain"),
        (201, b"", ""),
        (201, b"", "application/json"),
        (400, b"{", "application/json"),
        (422, b"[]", "application/json"),
        (422, b'{"user":"bob"}', "application/json"),
        (415, b"x=1", "application/x-www-form-urlencoded"),
    ):
        assert (await send(url, "POST", b"/v1/tickets", body, content_type=media_type)).status == code


async def test_without_the_store_streams_are_told_in_band(live: StartLive) -> None:
    """An EventSource would not come back after any other answer than 200."""
    url = (await live(redis_url="redis://127.0.0.1:1/0", **JWT)).url
    refused = await send(url, "POST", b"/v1/tickets", authorization=bearer("alice")["Authorization"])
    assert refused.status == 503
    async with by_ticket(url, "a" * 32, "bob") as stream:
        (bye,) = await stream.end()
        assert (bye.name, bye.data["reason"]) == ("bye", "overload")
        assert bye.retry == bye.data["retry_ms"]


async def test_tickets_are_limited(live: StartLive) -> None:
    url = (await live(ticket_rate="2/60")).url
    codes = [(await send(url, "POST", b"/v1/tickets")).status for _ in range(4)]
    assert codes == [201, 201, 429, 429]
