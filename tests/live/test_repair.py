"""Mending a gap costs what changed meanwhile, not what is watched."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from unittest.mock import patch

import httpx
from redis.asyncio import Redis

from sse_presence.domain.signal import Heartbeat, Override, Reading
from sse_presence.settings import Settings
from sse_presence.store.client import Client
from sse_presence.store.store import Store
from tests.conftest import Events, StartLive
from tests.stores.machines import until

CROWD = [f"user-{number}" for number in range(400)]


async def test_only_what_changed_is_read_again(live: StartLive, events: Events, redis_url: str) -> None:
    service = await live()
    redis = Redis.from_url(redis_url)
    elsewhere = Store(Client(redis_url), Settings())
    await asyncio.gather(
        *(elsewhere.heartbeat(user, Heartbeat(device="d", interval=15_000)) for user in CROWD)
    )
    asked: list[str] = []
    read = Store.read

    async def counted(store: Store, users: Sequence[str]) -> Reading:
        asked.extend(users)
        return await read(store, users)

    async with events(service.url, *CROWD) as stream:
        await stream.next("snapshot")
        partition = service.app.state.presence.node.hub.register.partitions[0]
        begun = partition.position

        async def marked() -> bool:
            return bool(partition.position > begun + 1_000)

        await until(marked, "a mark came after all heartbeats")
        with patch.object(Store, "read", counted):
            await redis.client_kill_filter(_type="pubsub")
            await elsewhere.status("user-7", Override(status="dnd"))
            assert (await stream.record("user-7"))["status"] == "dnd"
            while "fresh" not in [event.name for event in stream.received]:
                await stream.next("fresh")
        assert "stale" in [event.name for event in stream.received]
        assert asked == ["user-7"]
        async with httpx.AsyncClient(trust_env=False) as client:
            await client.post(f"{service.url}/v1/status?as=user-8", json={"status": "dnd"})
        assert (await stream.record("user-8"))["status"] == "dnd"
    await elsewhere.close()
    await redis.aclose()
