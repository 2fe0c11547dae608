"""Whoever is too fast is told when to come back; nothing has changed, and nobody else is held up."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.conftest import StartLive
from tests.http.wire import send

TIGHT = {f"{kind}_rate": "2/60" for kind in ("heartbeat", "status", "typing", "query")}

CALLS: list[tuple[str, dict[str, Any]]] = [
    ("/v1/heartbeat", {"device": "d"}),
    ("/v1/status", {"status": "dnd"}),
    ("/v1/typing", {"device": "d", "channel": "room", "typing": True}),
    ("/v1/presence", {"users": ["alice"]}),
]


@pytest.mark.parametrize(("path", "body"), CALLS)
async def test_too_many_are_429(live: StartLive, path: str, body: dict[str, Any]) -> None:
    service = await live(**TIGHT)
    async with httpx.AsyncClient(base_url=service.url, params={"as": "alice"}, trust_env=False) as client:
        codes = [(await client.post(path, json=body)).status_code for _ in range(5)]
        assert codes == [200, 200, 429, 429, 429]
        refused = await client.post(path, json=body)
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["code"] == "too-many-requests"
        assert 0 < int(refused.headers["retry-after"]) <= 30
        for other, other_body in CALLS:
            if other != path:
                assert (await client.post(other, json=other_body)).status_code == 200, "an own kind"
        assert (await client.post(path, json=body, params={"as": "bob"})).status_code == 200


async def test_leaving_and_stops_of_typing_are_free(live: StartLive) -> None:
    service = await live(**TIGHT)
    async with httpx.AsyncClient(base_url=service.url, params={"as": "alice"}, trust_env=False) as client:
        typing = {"device": "d", "channel": "room"}
        for _ in range(3):
            await client.post("/v1/typing", json=typing | {"typing": True})
        for _ in range(10):
            assert (await client.post("/v1/typing", json=typing | {"typing": False})).status_code == 200
            assert (await client.post("/v1/leave", json={"device": "d"})).status_code == 200


async def test_what_is_refused_anyway_is_not_counted(live: StartLive) -> None:
    service = await live(**TIGHT)
    for _ in range(5):
        assert (await send(service.url, "POST", b"/v1/heartbeat", b'{"device":""}')).status == 422
    assert (await send(service.url, "POST", b"/v1/heartbeat", b'{"device":"d"}')).status == 200


async def test_a_backend_is_counted_for_whom_it_signals(live: StartLive) -> None:
    service = await live(**TIGHT)
    for user in ("bob", "carol", "dave"):
        for expected in (200, 200, 429):
            body = b'{"device":"d","user":"%b"}' % user.encode()
            assert (await send(service.url, "POST", b"/v1/heartbeat", body)).status == expected


async def test_a_query_is_as_dear_as_it_is_long(live: StartLive) -> None:
    service = await live(query_rate="20/60")
    async with httpx.AsyncClient(base_url=service.url, params={"as": "alice"}, trust_env=False) as client:
        users = [f"user-{number}" for number in range(900)]
        assert (await client.post("/v1/presence", json={"users": users})).status_code == 200
        assert (await client.post("/v1/presence", json={"users": users})).status_code == 429
        assert (await client.post("/v1/presence", json={"users": users[:49]})).status_code == 200
        assert (await client.post("/v1/presence", json={"users": []})).status_code == 429


async def test_a_stored_interest_is_as_dear_as_it_is_long(live: StartLive) -> None:
    """Else one user fills the store, which keeps each for over an hour, with megabytes a second."""
    service = await live(interest_rate="30/60")
    async with httpx.AsyncClient(base_url=service.url, params={"as": "alice"}, trust_env=False) as client:
        users = [f"user-{number}" for number in range(10_000)]
        made = await client.post("/v1/interests", json={"users": users})
        assert made.status_code == 201
        assert (await client.post("/v1/interests", json={"users": users})).status_code == 429
        path = f"/v1/interests/{made.json()['interest']}"
        few, all_ = ({"remove": {"users": users[:count]}} for count in (100, 10_000))
        assert (await client.patch(path, json=few)).status_code == 200
        assert (await client.patch(path, json=all_)).status_code == 429


async def test_limits_can_be_off(live: StartLive) -> None:
    service = await live(status_rate="off")
    async with httpx.AsyncClient(base_url=service.url, params={"as": "alice"}, trust_env=False) as client:
        for _ in range(60):
            assert (await client.post("/v1/status", json={"status": "dnd"})).status_code == 200
