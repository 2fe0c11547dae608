"""Whoever goes away while the store works takes its reply along: nobody else is ever given it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

import httpx
import msgspec
import pytest
from redis.asyncio import Redis

from sse_presence.domain.record import Record
from sse_presence.domain.signal import Override
from sse_presence.settings import Settings
from sse_presence.store.client import Client
from sse_presence.store.store import Store
from tests.conftest import StartLive

A = TypeVar("A")

USERS = [f"user-{number}" for number in range(40)]
LONG = 60_000
"""Milliseconds for which the store would answer nobody, if it were not told to go on."""


@pytest.fixture
async def store(redis_url: str) -> AsyncIterator[Store]:
    store = Store(Client(redis_url), Settings())
    await store.open()
    yield store
    await store.close()


async def half_go_away(redis_url: str, call: Callable[[str], Awaitable[A]]) -> dict[str, A]:
    """What those were answered who stayed, or whose reply had come when they went."""
    async with Redis.from_url(redis_url) as redis:
        await redis.client_pause(LONG, all=False)
        tasks = {user: asyncio.ensure_future(call(user)) for user in USERS}
        await asyncio.sleep(0.1)
        for user in USERS[::2]:
            tasks[user].cancel()
        await redis.client_unpause()
    await asyncio.wait(tasks.values())
    return {user: task.result() for user, task in tasks.items() if not task.cancelled()}


async def test_signals_that_share_a_call(store: Store, redis_url: str) -> None:
    def choose(user: str) -> Awaitable[Record]:
        return store.status(user, Override(status="dnd", text=f"of {user}"))

    stayed = await half_go_away(redis_url, choose)
    assert stayed.keys() >= set(USERS[1::2])
    for user, record in stayed.items():
        assert (record.user, f"of {user}" in record.body) == (user, True)
    for user in USERS:
        (record,) = (await store.own(user)).records
        assert record.user == user


async def test_calls_on_connections_of_their_own(store: Store, redis_url: str) -> None:
    """The pool gives a connection to the next one only when nothing is left on it."""

    async def own(user: str) -> str:
        reply = await store._call(0, [("own", user)])
        return msgspec.convert(reply.results[0], Record).user

    for _ in range(3):
        stayed = await half_go_away(redis_url, own)
        assert stayed.keys() >= set(USERS[1::2])
        assert list(stayed) == list(stayed.values())
        assert [await own(user) for user in USERS] == USERS


async def test_clients_that_close_their_connection(live: StartLive, redis_url: str) -> None:
    url = (await live()).url

    async def choose(user: str) -> dict[str, Any]:
        async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
            answer = await client.post(f"{url}/v1/status", params={"as": user}, json={"status": "dnd"})
            assert answer.status_code == httpx.codes.OK, answer.text
            return dict(answer.json())

    stayed = await half_go_away(redis_url, choose)
    assert stayed.keys() >= set(USERS[1::2])
    assert [answer["user"] for answer in stayed.values()] == list(stayed)
    assert [(await choose(user))["user"] for user in USERS] == USERS
