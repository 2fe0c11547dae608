"""The same service on every kind of store, and what a failover or a slot on the move does to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sse_presence.store import keys
from sse_presence.store.embedded import binary
from tests.conftest import Events, Serve
from tests.http.test_tickets import by_ticket
from tests.running import Service
from tests.stores.machines import Cluster, Machine, Sentinels, cluster, installed, sentinels, until
from tests.stream import Stream

USERS = [f"user-{number}" for number in range(24)]
"""Enough to lie on every master of a cluster."""

SHORT: dict[str, Any] = {"heartbeat": 2, "sweep": 0.5, "grace": 0.5, "renewal_ceiling": 20}


def _redis(name: str) -> Path:
    found = installed(name)
    assert found is not None, f"{name} is not installed: `apt-get install redis-server redis-sentinel`"
    return found


@pytest.fixture
async def whole_cluster(tmp_path: Path) -> AsyncIterator[Cluster]:
    async with cluster(tmp_path / "cluster") as machines:
        yield machines


@pytest.fixture
async def named_master(tmp_path: Path) -> AsyncIterator[Sentinels]:
    async with sentinels(tmp_path / "sentinel", _redis("redis-server"), _redis("redis-sentinel")) as machines:
        yield machines


async def beat(client: httpx.AsyncClient, url: str, user: str, **body: Any) -> int:
    """A heartbeat's status code."""
    answer = await client.post(
        f"{url}/v1/heartbeat", headers={"X-Presence-User": user}, json={"device": "d", **body}
    )
    assert answer.status_code in {200, 503}, answer.text
    if answer.status_code == 503:
        assert "Retry-After" in answer.headers
    return answer.status_code


async def everything_works(url: str, events: Events) -> None:
    """Signals, deltas, typing, resync and time on whatever store it is."""
    async with httpx.AsyncClient(trust_env=False) as client, events(url, *USERS, channels=["room"]) as stream:
        assert (await stream.next("hello")).data["resumed"] is False
        await stream.next("snapshot")
        assert {await beat(client, url, user) for user in USERS} == {200}
        await all_are(stream, "online")
        await client.post(
            f"{url}/v1/typing",
            headers={"X-Presence-User": USERS[0]},
            json={"device": "d", "channel": "room", "typing": True},
        )
        typing = await stream.next("typing")
        while not typing.data["channels"][0]["typing"]:
            typing = await stream.next("typing")
        assert typing.data["channels"][0]["typing"][0]["user"] == USERS[0]
        last = stream.last_id
        await client.post(f"{url}/v1/status", headers={"X-Presence-User": USERS[3]}, json={"status": "dnd"})
        assert (await stream.record(USERS[3]))["status"] == "dnd"
        async with events(url, *USERS, channels=["room"], last=last) as resumed:
            assert (await resumed.next("hello")).data["resumed"] is True
            assert (await resumed.record(USERS[3]))["status"] == "dnd"
        await all_are(stream, "offline")  # nobody beats any more, and nothing else is requested
    await what_is_kept_works(url, events)


async def what_is_kept_works(url: str, events: Events) -> None:
    """Members, stored interests, tickets and disconnections: on whatever server each of them lies."""
    async with httpx.AsyncClient(base_url=url, params={"as": "viewer"}, trust_env=False) as client:
        assert {await beat(client, url, user, channels=["hall"]) for user in USERS} == {200}

        async def all_are_there() -> bool:
            return bool((await client.get("/v1/channels/hall")).json()["members"] == sorted(USERS))

        await until(all_are_there, "all are in the hall")
        made = (await client.post("/v1/interests", json={"users": USERS[:3]})).json()["interest"]
        changed = await client.patch(f"/v1/interests/{made}", json={"add": {"users": USERS[3:5]}})
        assert changed.json()["users"] == 5
        ticket = (await client.post("/v1/tickets")).json()["ticket"]
        async with by_ticket(url, ticket, *USERS) as stream, events(url, USERS[0], me="other") as other:
            await stream.next("snapshot")
            await other.next("snapshot")
            assert (await client.post("/v1/users/viewer/disconnect")).status_code == httpx.codes.OK
            assert (await stream.end())[-1].data["reason"] == "revoked"
            await other.next("ping", "presence")


async def all_are(stream: Stream, status: str) -> None:
    """Every user's latest record has this status, sooner or later."""
    latest: dict[str, str] = {}
    while set(latest.values()) != {status} or len(latest) < len(USERS):
        for record in (await stream.next("presence", "snapshot")).data["users"]:
            latest[record["user"]] = record["status"]


@pytest.mark.redis
async def test_single_redis(tmp_path: Path, serve: Serve, events: Events) -> None:
    machine = Machine(tmp_path / "redis", _redis("redis-server"), ("--save", ""))
    try:
        await until(lambda: answers(machine), "Redis answers")
        await everything_works(serve(redis_url=f"redis://127.0.0.1:{machine.port}", **SHORT).url, events)
    finally:
        await machine.close()


async def answers(machine: Machine) -> bool:
    return bool(await machine.ask("PING"))


async def test_single_valkey_with_many_partitions(tmp_path: Path, serve: Serve, events: Events) -> None:
    machine = Machine(tmp_path / "valkey", binary(), ("--save", ""))
    try:
        await until(lambda: answers(machine), "Valkey answers")
        url = f"redis://127.0.0.1:{machine.port}/0"
        await everything_works(serve(redis_url=url, partitions=7, **SHORT).url, events)
    finally:
        await machine.close()


async def test_cluster(whole_cluster: Cluster, serve: Serve, events: Events) -> None:
    await everything_works(serve(redis_url=whole_cluster.url, **SHORT).url, events)


@pytest.mark.redis
async def test_sentinel(named_master: Sentinels, serve: Serve, events: Events) -> None:
    await everything_works(serve(redis_url=named_master.url, **SHORT).url, events)


async def keep_beating(url: str, until_set: asyncio.Event) -> None:
    async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
        while not until_set.is_set():
            await asyncio.gather(*(beat(client, url, user) for user in USERS))
            await asyncio.sleep(0.5)


async def survives(service: Service, events: Events, kill: Machine) -> None:
    """A master dies and its replica is promoted: works again by itself, and nobody beating left."""
    url, done = service.url, asyncio.Event()
    beating = asyncio.create_task(keep_beating(url, done))
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=20) as client, events(url, *USERS) as stream:
            await all_are(stream, "online")
            await kill.kill()
            await stream.next("stale", seconds=30)
            await stream.next("fresh", "snapshot", seconds=30)

            async def everyone_is_taken() -> bool:
                return {await beat(client, url, user) for user in USERS} == {200}

            await until(everyone_is_taken, "all signals are taken again")
            for user in USERS[:6]:
                await client.post(
                    f"{url}/v1/status", headers={"X-Presence-User": user}, json={"status": "dnd"}
                )
            latest: dict[str, str] = {}
            while {latest.get(user) for user in USERS[:6]} != {"dnd"}:
                for record in (await stream.next("presence", "snapshot")).data["users"]:
                    latest[record["user"]] = record["status"]
            for user in USERS:
                assert "offline" not in stream.statuses(user)[stream.statuses(user).index("online") :]
    finally:
        done.set()
        await beating


async def test_c37_cluster_promotes_a_replica(whole_cluster: Cluster, serve: Serve, events: Events) -> None:
    service = serve(redis_url=whole_cluster.url, **SHORT)
    partition = keys.partition_of(USERS[0], 64)
    await survives(service, events, await whole_cluster.master_of(f"presence:{{{partition}}}:m"))


@pytest.mark.redis
async def test_c37_sentinels_promote_a_replica(named_master: Sentinels, serve: Serve, events: Events) -> None:
    service = serve(redis_url=named_master.url, **SHORT)
    await survives(service, events, named_master.master)


async def test_a_user_with_no_more_rights_than_documented(
    tmp_path: Path, serve: Serve, events: Events
) -> None:
    documented = Path("docs/deployment/README.md").read_text("utf-8")
    rule = next(line for line in documented.splitlines() if line.startswith("ACL SETUSER presence "))
    machine = Machine(tmp_path / "valkey", binary(), ("--save", ""))
    try:
        await until(lambda: answers(machine), "Valkey answers")
        await machine.ask(*rule.split())
        service = serve(redis_url=f"redis://presence:password@127.0.0.1:{machine.port}", **SHORT)
        await everything_works(service.url, events)
    finally:
        await machine.close()


@pytest.mark.redis
async def test_sentinels_with_a_password(named_master: Sentinels, serve: Serve, events: Events) -> None:
    for machine in (named_master.master, *named_master.sentinels):
        await machine.ask("ACL", "SETUSER", "presence", "on", f">pass/{machine.port}", "~*", "&*", "+@all")
    for machine in named_master.sentinels:
        await machine.ask("ACL", "SETUSER", "presence", ">of-sentinels")
        await machine.ask("ACL", "SETUSER", "default", "-@all", "+ping", "+info", "+hello")
    login = f"presence:pass%2F{named_master.master.port}@"
    url = named_master.url.replace("://", f"://{login}") + "/2"
    theirs = "?sentinel_username=presence&sentinel_password=of-sentinels"
    await everything_works(serve(redis_url=url + theirs, **SHORT).url, events)


@pytest.mark.redis
async def test_a_burst_waits_for_connections_to_a_master_named_by_sentinels(
    named_master: Sentinels, serve: Serve
) -> None:
    await takes_a_burst(serve(redis_url=named_master.url).url)


async def test_a_burst_waits_for_connections_to_a_cluster(whole_cluster: Cluster, serve: Serve) -> None:
    await takes_a_burst(serve(redis_url=whole_cluster.url).url)
    for machine in whole_cluster.machines:
        assert int((await machine.ask("INFO", "clients"))["connected_clients"]) < 100


async def takes_a_burst(url: str) -> None:
    """Four hundred calls at once that each want a connection of their own: none is refused."""
    limits = httpx.Limits(max_connections=400)
    async with httpx.AsyncClient(trust_env=False, timeout=20, limits=limits) as client:
        asked = [client.post(f"{url}/v1/tickets", params={"as": f"user-{n}"}) for n in range(400)]
        assert {answer.status_code for answer in await asyncio.gather(*asked)} == {201}


async def test_databases_of_a_server_do_not_hear_each_other(
    tmp_path: Path, serve: Serve, events: Events
) -> None:
    """Pub/sub knows of no databases (misskey#5637, Flask-SocketIO#1580)."""
    machine = Machine(tmp_path / "valkey", binary(), ("--save", ""))
    try:
        await until(lambda: answers(machine), "Valkey answers")
        url = f"redis://127.0.0.1:{machine.port}"
        one, other = (serve(redis_url=f"{url}/{number}", **SHORT) for number in range(2))
        async with (
            httpx.AsyncClient(trust_env=False) as client,
            events(one.url, "alice") as heard,
            events(other.url, "alice") as also_heard,
        ):
            await heard.next("snapshot")
            await also_heard.next("snapshot")
            await beat(client, one.url, "alice", kind="mobile")
            await beat(client, other.url, "alice", kind="desktop")
            assert (await heard.record("alice"))["devices"] == ["mobile"]
            assert (await also_heard.record("alice"))["devices"] == ["desktop"]
            for stream in (heard, also_heard):
                assert (await stream.record("alice"))["status"] == "offline"
                assert stream.statuses("alice") == ["offline", "online", "offline"]
        assert "another incarnation" not in one.log + other.log
    finally:
        await machine.close()
