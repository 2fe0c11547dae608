"""A slot that moves between the servers of a cluster, under signals: refused while it moves, then right."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from sse_presence.store import keys
from tests.conftest import Events, Serve
from tests.stores.machines import Cluster, Machine, cluster, until
from tests.stores.test_kinds import SHORT, beat


@pytest.fixture
async def whole_cluster(tmp_path: Path) -> AsyncIterator[Cluster]:
    async with cluster(tmp_path / "cluster") as machines:
        yield machines


async def slot_keys(machine: Machine, slot: int) -> list[str]:
    return list(await machine.ask("CLUSTER", "GETKEYSINSLOT", slot, 1_000))


async def migrate(source: Machine, target: Machine, names: list[str]) -> None:
    answer = await source.client.execute_command(  # type: ignore[no-untyped-call]
        *("MIGRATE", "127.0.0.1", target.port, "", 0, 5_000, "KEYS", *names)
    )
    assert answer in ("OK", b"OK", True), answer


@pytest.mark.parametrize("first", ["metadata", "users"])
async def test_a_slot_on_the_move(first: str, whole_cluster: Cluster, serve: Serve, events: Events) -> None:
    """Whatever is moved first, no user is taken for a new one, and nothing that was accepted is lost."""
    url = serve(redis_url=whole_cluster.url, **(SHORT | {"heartbeat": 15, "renewal_ceiling": 180})).url
    partition = keys.partition_of("alice", 64)
    slot = await whole_cluster.machines[0].ask("CLUSTER", "KEYSLOT", f"presence:{{{partition}}}:m")
    source = await whole_cluster.master_of(f"presence:{{{partition}}}:m")
    target = next(machine for machine in whole_cluster.machines[:3] if machine is not source)
    elsewhere = next(name for name in map(str, range(999)) if keys.partition_of(name, 64) != partition)
    async with httpx.AsyncClient(trust_env=False, timeout=20) as client, events(url, "alice") as stream:
        assert await beat(client, url, "alice") == 200
        await client.post(f"{url}/v1/status?as=alice", json={"status": "dnd", "text": "moving"})
        while (before := await stream.record("alice"))["status"] != "dnd":
            pass
        source_id, target_id = [await machine.ask("CLUSTER", "MYID") for machine in (source, target)]
        await target.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", source_id)
        await source.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", target_id)
        names = await slot_keys(source, slot)
        users = [name for name in names if name.startswith(keys.users(partition))]
        rest = [name for name in names if name not in users]
        await migrate(source, target, rest if first == "metadata" else users)
        for _ in range(5):
            assert await beat(client, url, "alice") == 503
            assert await beat(client, url, elsewhere) == 200
        await migrate(source, target, await slot_keys(source, slot))
        for machine in (target, source, *whole_cluster.machines[:3]):
            await machine.ask("CLUSTER", "SETSLOT", slot, "NODE", target_id)

        async def taken() -> bool:
            return await beat(client, url, "alice") == 200

        await until(taken, "signals are taken again")
        answer = await client.get(f"{url}/v1/presence?as=bob&user=alice")
        assert answer.json()["users"] == [before]
        await client.post(f"{url}/v1/status?as=alice", json={"status": "online", "text": "moved"})
        while (record := await stream.record("alice")).get("text") != "moved":
            pass
        assert record["version"] == before["version"] + 1
        assert "offline" not in stream.statuses("alice")[1:]
