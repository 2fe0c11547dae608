"""The app is a value: mounted elsewhere, with another's authentication, and several side by side."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from sse_presence.app import create_app, lifespan
from sse_presence.domain.rights import EVERYTHING, Identity, Rights
from sse_presence.errors import SettingsError, Unauthenticated
from sse_presence.http.auth import Authenticate
from sse_presence.settings import Settings
from sse_presence.store.embedded import embedded
from tests.conftest import Events
from tests.running import live_service

SESSIONS = {"s1": Identity(user="alice", rights=EVERYTHING), "s2": Identity(user="bob", rights=Rights())}


async def by_session(request: Request) -> Identity:
    """The authentication of some other application."""
    session = SESSIONS.get(request.headers.get("x-session", "") or request.query_params.get("session", ""))
    if session is None:
        raise Unauthenticated("Sign in first.")
    return Identity(user=session.user, rights=session.rights, parameters=frozenset({"session"}))


async def test_a_library_is_told_where_the_store_is() -> None:
    with pytest.raises(SettingsError, match="redis_url=…"):
        async with lifespan(create_app(Settings())):
            pass


@pytest.mark.parametrize("kind", [Starlette, FastAPI])
async def test_mounted_under_a_prefix_with_another_authentication(
    kind: type[Starlette], redis_url: str, events: Events
) -> None:
    presence = create_app(Settings(redis_url=redis_url), by_session)

    async def home(_: Request) -> PlainTextResponse:
        return PlainTextResponse("the application's own")

    @asynccontextmanager
    async def started(_: Starlette) -> AsyncIterator[None]:
        async with lifespan(presence):
            yield

    parent = kind(lifespan=started)
    parent.router.routes.append(Route("/", home))
    parent.mount("/realtime/presence", presence)
    async with live_service(parent) as url:
        base = f"{url}/realtime/presence"
        async with httpx.AsyncClient() as client:
            assert (await client.get(f"{url}/")).text == "the application's own"
            assert (await client.get(f"{base}/readyz")).status_code == 200
            assert (await client.get(f"{base}/")).status_code == 200
            nobody = await client.post(
                f"{base}/v1/heartbeat", json={"device": "d"}, headers={"X-Presence-User": "x"}
            )
            assert (nobody.status_code, nobody.json()["detail"]) == (401, "Sign in first.")
            beaten = await client.post(
                f"{base}/v1/heartbeat", json={"device": "d"}, headers={"X-Session": "s1"}
            )
            assert beaten.json()["status"] == "online"
            proxied = {"X-Session": "s1", "Host": "app.example", "X-Forwarded-For": "192.0.2.1"}
            records = await client.get(f"{base}/v1/presence?user=alice&session=s1", headers=proxied)
            assert records.json()["users"][0]["status"] == "online"
            assert (await client.get(f"{base}/v1/presence?user=alice&session=s2")).status_code == 403
            assert (await client.get(f"{base}/v1/presence?user=alice&session=s1&as=x")).status_code == 422
            missing = await client.get(f"{base}/v1/nowhere")
            assert missing.headers["content-type"] == "application/problem+json"
            foreign = await client.get(f"{url}/nowhere")
            assert "Not Found" in foreign.text
            assert foreign.headers["content-type"] != "application/problem+json"
            async with events(base, "alice", me="", headers={"X-Session": "s1"}) as stream:
                assert (await stream.record("alice"))["status"] == "online"


async def test_two_apps_in_one_process_know_nothing_of_each_other(redis_url: str) -> None:
    with embedded() as other_url:
        first = create_app(Settings(redis_url=redis_url))
        second = create_app(Settings(redis_url=other_url, heartbeat=20_000))
        async with live_service(first) as one, live_service(second) as two, httpx.AsyncClient() as client:
            await client.post(f"{one}/v1/heartbeat?as=alice", json={"device": "d"})
            records = [
                (await client.get(f"{url}/v1/presence?user=alice&as=bob")).json() for url in (one, two)
            ]
            assert [record["users"][0]["status"] for record in records] == ["online", "offline"]
            beat = await client.post(f"{two}/v1/heartbeat?as=alice", json={"device": "d"})
            assert beat.json()["heartbeat_ms"] == 20_000


async def test_an_application_may_refuse_in_its_own_way(redis_url: str) -> None:
    async def closed(_: Request) -> Identity:
        raise HTTPException(418, "No presence on Sundays.")

    async with (
        live_service(create_app(Settings(redis_url=redis_url), closed)) as url,
        httpx.AsyncClient() as client,
    ):
        answer = await client.get(f"{url}/v1/presence?user=alice")
        assert (answer.status_code, answer.json()["detail"]) == (418, "No presence on Sundays.")


async def test_a_fault_is_told_without_its_inside_and_logged_once(
    redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(_: Request) -> Identity:
        raise RuntimeError("the inside")

    fault: Callable[[Request], Awaitable[Identity]] = broken
    async with (
        live_service(create_app(Settings(redis_url=redis_url), fault)) as url,
        httpx.AsyncClient() as client,
    ):
        answer = await client.get(f"{url}/v1/presence?user=alice")
        assert (answer.status_code, answer.json()["code"]) == (500, "internal-error")
        assert answer.headers["content-type"] == "application/problem+json"
        assert "inside" not in answer.text
    assert [record.levelno for record in caplog.records if record.exc_info] == [logging.ERROR]


def test_building_an_app_touches_nothing() -> None:
    authenticate: Authenticate = by_session
    for _ in range(2):
        create_app(Settings(redis_url="redis://192.0.2.1:1"), authenticate)
