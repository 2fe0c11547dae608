"""What a service finds that was down for a while: time went on without it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest

from sse_presence.domain.signal import Heartbeat, Override, Typing
from sse_presence.settings import settings_from
from sse_presence.store.client import Client
from sse_presence.store.store import Store
from tests.cases.caller import LATE, SHORT
from tests.cases.conftest import Call
from tests.cases.sight import becomes
from tests.conftest import Events, StartLive
from tests.running import environment

DAY = 86_400_000
MINUTE = 60_000

Before = Callable[[int], AbstractAsyncContextManager[Store]]


@pytest.fixture
def before(redis_url: str) -> Before:
    """The store as a service would have used it so many milliseconds ago."""

    @asynccontextmanager
    async def begin(ago: int) -> AsyncIterator[Store]:
        settings = settings_from(environment(redis_url, SHORT))
        store = Store(Client(settings.redis_url), settings, clock=lambda: time.time_ns() // 1_000_000 - ago)
        await store.open()
        await store.tick()
        yield store
        await store.close()

    return begin


def beat(**fields: Any) -> Heartbeat:
    known: dict[str, Any] = {"device": "laptop", "interval": 1000}
    return Heartbeat(**known | fields)


async def test_c04_a_record_of_three_days_ago(
    before: Before, live: StartLive, events: Events, call: Call
) -> None:
    """Nobody was told that they left: now everyone is offline at once, in whatever way it is asked."""
    async with before(3 * DAY) as store:
        then = (await store.heartbeat("alice", beat())).time
        await store.heartbeat("bob", beat())
        await store.status("bob", Override(status="dnd", text="back soon", expires_in=DAY))
        await store.heartbeat("carol", beat())
        await store.status("carol", Override(status="idle", text="gone fishing"))
        await store.typing("alice", Typing(device="laptop", channel="room", typing=True))
    node = await live(**SHORT)
    users = ("alice", "bob", "carol")
    async with events(node.url, *users, channels=["room"]) as watcher:
        records = (await watcher.next("snapshot")).data["users"]
        asked = await call(node.url, "watcher").ask(*users)
        assert records == list(asked.records.values())
        typing = await watcher.next("typing")
        assert typing.data["channels"] == [{"channel": "room", "typing": [], "count": 0}]
        for record in records:
            assert set(record) == {"user", "status", "version", "last_seen"}
            assert record["status"] == "offline"
            assert then - 300_000 <= record["last_seen"] <= then
        await watcher.quiet(1)
        for user in users:
            await call(node.url, user).beat()
        assert (await becomes(watcher, "alice", "online")).record.keys() >= {"devices"}
        assert "text" not in (await becomes(watcher, "bob", "online")).record
        assert (await becomes(watcher, "carol", "idle")).record["text"] == "gone fishing"


@pytest.mark.parametrize(("ago", "lives_on"), [(3_500, False), (2 * MINUTE, True), (11 * MINUTE, False)])
async def test_c04_neighbours_shorter_downtimes(
    before: Before, live: StartLive, events: Events, call: Call, ago: int, *, lives_on: bool
) -> None:
    """Up to ten minutes are an outage of ours, which is forgiven; what is shorter or longer is not.

    Whoever lives on is as active as before for one interval, and then idle, until its new life ends.
    """
    async with before(ago) as store:
        await store.heartbeat("alice", beat())
        await store.status("alice", Override(status="dnd", expires_in=1000))
    begin = time.monotonic()
    node = await live(**SHORT)
    async with events(node.url, "alice") as watcher:
        first = (await watcher.next("snapshot")).data["users"][0]["status"]
        assert (first != "offline") is lives_on
        assert ((await call(node.url, "watcher").ask("alice")).status("alice") != "offline") is lives_on
        gone = await becomes(watcher, "alice", "offline")
        if lives_on:
            assert begin + 3 <= gone.at <= begin + 3 + LATE
        assert watcher.statuses("alice").count("offline") == 1
