"""Rolls on other kinds of store: across the servers of a cluster, and on Debian's Redis."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sse_presence.errors import StoreUnavailable
from sse_presence.settings import Settings
from sse_presence.store.client import Client
from sse_presence.store.store import Store
from tests.store.test_rolls import beat, becomes
from tests.stores.machines import Cluster, Machine, cluster, installed, role, until

ROOMS = [f"room-{number}" for number in range(12)]
USERS = [f"user-{number:02}" for number in range(12)]


@pytest.fixture
async def whole_cluster(tmp_path: Path) -> AsyncIterator[Cluster]:
    async with cluster(tmp_path / "cluster") as machines:
        yield machines


async def everybody_comes_and_goes(store: Store) -> None:
    """Joins, moves and leaves of users and channels that lie wherever they lie."""
    await asyncio.gather(*(store.heartbeat(user, beat(*ROOMS)) for user in USERS))
    for room in ROOMS:
        await becomes(store, room, *USERS)
    await asyncio.gather(*(store.heartbeat(user, beat(ROOMS[0])) for user in USERS[1:]))
    await becomes(store, ROOMS[0], *USERS)
    for room in ROOMS[1:]:
        await becomes(store, room, USERS[0])


async def test_cluster(whole_cluster: Cluster) -> None:
    store = Store(Client(whole_cluster.url), Settings())
    await store.tick()
    await everybody_comes_and_goes(store)
    await store.heartbeat(USERS[0], beat())
    await becomes(store, ROOMS[1])
    machines = whole_cluster.machines
    master = await whole_cluster.master_of(f"presence:{{{store.partition_of(ROOMS[0])}}}:m")
    await master.kill()
    await until(lambda: leads(machines[machines.index(master) + 3]), "its replica leads")
    await until(lambda: is_swept(store), "all partitions answer")
    await store.heartbeat(USERS[0], beat(ROOMS[0]))
    await becomes(store, ROOMS[0], *USERS, sweeping=True)
    await store.close()


async def leads(machine: Machine) -> bool:
    return await role(machine) == "master"


async def is_swept(store: Store) -> bool:
    try:
        await store.tick()
    except StoreUnavailable:
        return False
    return True


@pytest.mark.redis
async def test_debians_redis(tmp_path: Path) -> None:
    command = installed("redis-server")
    assert command is not None, "redis-server is not installed: `apt-get install redis-server`"
    machine = Machine(tmp_path / "redis", command, ("--save", ""))
    try:

        async def answers() -> bool:
            return bool(await machine.ask("PING"))

        await until(answers, "Redis answers")
        store = Store(Client(f"redis://127.0.0.1:{machine.port}"), Settings(partitions=8))
        await everybody_comes_and_goes(store)
        await store.close()
    finally:
        await machine.close()
