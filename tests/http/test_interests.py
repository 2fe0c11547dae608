"""Stored interests: made, changed, and nobody else's."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_presence.domain.identifier import flaw
from sse_presence.domain.rights import Identity, Rights
from sse_presence.errors import Invalid, Malformed
from sse_presence.http import interests
from sse_presence.http.body import decode
from sse_presence.http.schemas import InterestBody
from sse_presence.settings import Settings
from tests.conftest import StartLive
from tests.http.caller import SECRET, caller
from tests.http.wire import send


@pytest.fixture
async def alice(live: StartLive) -> AsyncIterator[httpx.AsyncClient]:
    """A client that calls as alice, in open mode."""
    service = await live(max_interest_users=5, max_interest_channels=3)
    async with httpx.AsyncClient(base_url=service.url, headers={"X-Presence-User": "alice"}) as client:
        yield client


async def made(client: httpx.AsyncClient, **lists: Any) -> str:
    answer = await client.post("/v1/interests", json=lists)
    assert answer.status_code == 201, answer.text
    assert answer.json().keys() == {"interest"}
    return str(answer.json()["interest"])


async def test_an_interest_is_made_and_changed(alice: httpx.AsyncClient) -> None:
    name = await made(alice, users=["bob", "carol", "bob"], channels=["room"])
    for change, totals in (
        ({}, (2, 1, 0)),
        ({"add": {"users": ["dave"], "members": ["hall"]}}, (3, 1, 1)),
        (
            {"add": {"users": ["dave"]}, "remove": {"users": ["bob", "nobody"], "channels": ["room"]}},
            (2, 0, 1),
        ),
        ({"remove": {"users": ["carol"]}, "add": {"users": ["carol"]}}, (2, 0, 1)),
        ({"remove": {"users": ["carol", "dave"], "members": ["hall"]}}, (0, 0, 0)),
    ):
        answer = await alice.patch(f"/v1/interests/{name}", json=change)
        assert answer.status_code == 200, answer.text
        assert answer.json() == dict(zip(("users", "channels", "members"), totals, strict=True))


async def test_an_empty_interest_is_a_beginning(alice: httpx.AsyncClient) -> None:
    assert await made(alice) != await made(alice, users=[], channels=None)


async def test_an_interest_is_its_makers(alice: httpx.AsyncClient) -> None:
    name = await made(alice, users=["bob"])
    for unknown, user in ((name, "mallory"), ("unknown", "alice"), ("x" * 200, "alice"), ("%00", "alice")):
        answer = await alice.patch(
            f"/v1/interests/{unknown}", json={"add": {"users": ["eve"]}}, headers={"X-Presence-User": user}
        )
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    assert (await alice.patch(f"/v1/interests/{name}", json={})).json()["users"] == 1


async def test_limits_are_named(alice: httpx.AsyncClient) -> None:
    users = [f"user-{number}" for number in range(6)]
    answer = await alice.post("/v1/interests", json={"users": users})
    assert answer.json()["errors"] == [{"field": "users", "detail": "may name 5, and names 6"}]
    for field in ("channels", "members"):
        answer = await alice.post("/v1/interests", json={field: users[:4]})
        assert answer.json()["errors"] == [{"field": field, "detail": "may name 3, and names 4"}]
    name = await made(alice, users=users[:4], members=users[:2])
    for change in ({"users": users[4:]}, {"members": users[2:4]}):
        answer = await alice.patch(f"/v1/interests/{name}", json={"add": change})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
        assert answer.json()["errors"][0]["field"] == f"add.{next(iter(change))}"
    answer = await alice.patch(
        f"/v1/interests/{name}", json={"add": {"users": users[4:]}, "remove": {"users": users[:1]}}
    )
    assert answer.json() == {"users": 5, "channels": 0, "members": 2}


async def test_what_is_added_takes_rights_and_what_is_removed_takes_none(live: StartLive) -> None:
    service = await live(auth="jwt", jwt_secret=SECRET)
    rights = Rights(watch=frozenset({"bob"}), channels=frozenset({"room"}))
    async with caller(service, "alice", rights) as client:
        name = await made(client, users=["alice", "bob"], channels=["room"], members=["room"])
        for lists, named in (
            ({"users": ["bob", "carol"]}, "'carol'"),
            ({"channels": ["vault"]}, "'vault'"),
            ({"members": ["vault"]}, "'vault'"),
        ):
            for answer in (
                await client.post("/v1/interests", json=lists),
                await client.patch(f"/v1/interests/{name}", json={"add": lists}),
            ):
                assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
                assert named in answer.json()["detail"]
            assert (await client.patch(f"/v1/interests/{name}", json={"remove": lists})).status_code == 200
    async with httpx.AsyncClient(base_url=service.url) as nobody:
        assert (await nobody.post("/v1/interests", json={})).status_code == 401
        assert (await nobody.patch(f"/v1/interests/{name}", json={})).status_code == 401


async def test_changes_are_limited(live: StartLive) -> None:
    service = await live(interest_rate="2/60")
    async with httpx.AsyncClient(base_url=service.url, headers={"X-Presence-User": "alice"}) as client:
        name = await made(client)
        assert (await client.patch(f"/v1/interests/{name}", json={})).status_code == 200
        assert (await client.patch(f"/v1/interests/{name}", json={})).status_code == 429
        assert (await client.post("/v1/interests", json={})).status_code == 429


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/v1/interests"), ("GET", "/v1/interests/x"), ("POST", "/v1/interests/x")]
)
async def test_other_methods(live: StartLive, method: str, path: str) -> None:
    service = await live()
    assert (await send(service.url, method, path.encode(), b"{}")).status == 405


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(["users", "channels", "members", "add", "remove", "x"])


@given(st.dictionaries(NAMES, VALUES | st.dictionaries(NAMES, VALUES, max_size=3), max_size=3))
def test_whatever_is_sent_is_taken_or_refused(members: dict[str, Any]) -> None:
    body = json.dumps(members).encode()
    with suppress(Malformed, Invalid):
        _take(decode(body, interests._MADE))
    with suppress(Malformed, Invalid):
        change = decode(body, interests._CHANGED)
        _take(change.add)
        _take(change.remove)


def _take(body: InterestBody | None) -> None:
    interest = interests._interest(body or InterestBody(), Identity(user="alice"), Settings())
    for names in (interest.users, interest.channels, interest.members):
        assert len(set(names)) == len(names)
        assert not any(map(flaw, names))
