"""What a process asks a cluster of its slots, however many partitions want to know."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from redis.exceptions import ConnectionError as LostConnection

from sse_presence.errors import StoreUnavailable
from sse_presence.store.client import Client
from sse_presence.store.cluster import Cluster
from tests.conftest import Serve


class Servers:
    """A cluster of one server, which is down for the first commands."""

    def __init__(self, down: int) -> None:
        self.nodes_manager = self
        self.name = "127.0.0.1:6379"
        self.asked = 0
        self.mute = False
        self._down = down

    async def initialize(self) -> None:
        await asyncio.sleep(0.01)
        self.asked += 1
        if self.mute:
            raise LostConnection("Nobody answers.")

    def get_node_from_key(self, _: str) -> Servers:
        return self

    async def execute_command(self, *_: Any) -> bytes:
        await asyncio.sleep(0.01)
        if self._down > 0:
            self._down -= 1
            raise LostConnection("It is down.")
        return b"done"


async def test_partitions_that_fail_together_ask_once_who_holds_their_slots(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    servers = Servers(down=64)
    cluster = Cluster("redis+cluster://127.0.0.1:1")
    monkeypatch.setattr(cluster, "_cluster", servers)

    async def all_partitions() -> list[Any]:
        commands = (cluster.execute(b"key", "GET", "key") for _ in range(64))
        return await asyncio.gather(*commands, return_exceptions=True)

    assert all(isinstance(answer, LostConnection) for answer in await all_partitions())
    assert servers.asked == 2, "the client, and what it knows of nodes"
    assert set(await all_partitions()) == {b"done"}
    assert servers.asked == 4


async def test_partitions_that_wait_to_know_fail_together(monkeypatch: pytest.MonkeyPatch) -> None:
    servers = Servers(down=0)
    servers.mute = True
    cluster = Cluster("redis+cluster://127.0.0.1:1")
    monkeypatch.setattr(cluster, "_cluster", servers)
    commands = (cluster.execute(b"key", "GET", "key") for _ in range(64))
    answers = await asyncio.gather(*commands, return_exceptions=True)
    assert all(isinstance(answer, LostConnection) for answer in answers)
    assert servers.asked == 1
    servers.mute = False
    assert await cluster.execute(b"key", "GET", "key") == b"done"


async def test_a_cluster_of_which_no_server_is_reached_is_a_store_out_of_reach() -> None:
    client = Client("redis+cluster://127.0.0.1:1")
    with pytest.raises(StoreUnavailable):
        await client.get("key")
    with pytest.raises(StoreUnavailable):
        await client.homes([b"channel"])
    await client.close()


async def test_a_service_starts_without_its_cluster(serve: Serve) -> None:
    service = serve(redis_url="redis+cluster://127.0.0.1:1")
    async with httpx.AsyncClient(trust_env=False, base_url=service.url) as client:
        assert (await client.get("/healthz")).status_code == httpx.codes.OK
        assert (await client.get("/readyz")).status_code == httpx.codes.SERVICE_UNAVAILABLE
        answer = await client.post("/v1/heartbeat?as=alice", json={"device": "d"})
        assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
