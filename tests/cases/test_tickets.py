"""Credentials end: streams with them, and what stands in an address long before."""

from __future__ import annotations

import asyncio
import itertools
import time

import httpx
import jwt
import pytest

from tests.cases.caller import LATE
from tests.conftest import Events, Serve, StartLive
from tests.http.test_tickets import JWT, after_half_a_minute, bearer, by_ticket, ticket_of
from tests.live.test_foreign_client import watching
from tests.running import meanwhile


@pytest.mark.node
async def test_c39_a_native_event_source_survives_with_its_ticket(serve: Serve, redis_url: str) -> None:
    """It comes back to the same address for as long as the token lasts, and no log holds the address."""
    node = serve(
        *("--port", "0", "--log-level", "debug"),
        **JWT,
        stream_lifetime=1,
        sweep=0.2,
    )
    ticket = await ticket_of(node.url, bearer("alice"))
    async with watching(f"{node.url}/v1/events?user=bob&ticket={ticket}") as source:
        await source.next("snapshot")
        await after_half_a_minute(redis_url)
        for _ in range(2):
            assert (await source.next("bye"))["data"]["reason"] == "lifetime"
            assert (await source.next("hello"))["data"]["resumed"]
            assert not (await source.next("presence"))["data"]["users"]
    node.stop()
    assert ticket not in node.log


async def test_c39_a_ticket_by_itself_is_good_for_half_a_minute(live: StartLive, redis_url: str) -> None:
    """Whoever finds the address later cannot use it, not even with a cursor of their own."""
    node = await live(**JWT)
    tickets = [await ticket_of(node.url, bearer(user)) for user in ("alice", "mallory")]
    async with httpx.AsyncClient(base_url=node.url, trust_env=False) as client:
        cursors = []
        for ticket in tickets:
            polled = await client.get("/v1/poll", params={"user": "bob", "ticket": ticket, "timeout_ms": 0})
            cursors.append(polled.json()["cursor"])
        await after_half_a_minute(redis_url)
        for cursor, status in (("", 401), (cursors[1], 401), (cursors[0], 200)):
            params: dict[str, str | int] = {"user": "bob", "ticket": tickets[0], "timeout_ms": 0}
            polled = await client.get("/v1/poll", params=params | {"last_event_id": cursor})
            assert polled.status_code == status


async def test_c39_nothing_is_told_after_the_token_ended(live: StartLive, events: Events) -> None:
    """Neither to whoever brought the token itself nor to whoever brought a ticket made with it."""
    node = await live(**JWT, ping=1, presence_window=0.1)
    token = bearer("alice", lifetime=6)
    ticket = await ticket_of(node.url, token)

    async def change(bob: httpx.AsyncClient) -> None:
        for number in itertools.count():
            await bob.post("/v1/heartbeat", json={"device": "d", "activity": f"number-{number}"})
            await asyncio.sleep(0.05)

    async with (
        httpx.AsyncClient(base_url=node.url, headers=bearer("bob"), trust_env=False) as bob,
        events(node.url, "bob", me="", headers=token) as by_token,
        by_ticket(node.url, ticket, "bob") as with_ticket,
        meanwhile(change(bob)),
    ):
        for stream in (by_token, with_ticket):
            (*told, bye) = await stream.end()
            assert "presence" in {event.name for event in told}
            assert (bye.name, bye.data["reason"]) == ("bye", "expired")
            assert time.time() < exp_of(token) + 1 + LATE
            for address, headers in ((f"ticket={ticket}", {}), ("", token)):
                again = await bob.get(
                    f"/v1/events?user=bob&last_event_id={bye.id}&{address}",
                    headers={"Authorization": ""} | headers,
                )
                assert again.status_code == 401


def exp_of(token: dict[str, str]) -> float:
    """When a token ends."""
    return float(jwt.decode(token["Authorization"][7:], options={"verify_signature": False})["exp"])
