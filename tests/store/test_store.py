"""The store against a real Valkey: what it leaves there, what it refuses, and what a fault in it costs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from typing import cast

import pytest
from redis.asyncio import Redis
from redis.asyncio.sentinel import SentinelConnectionPool

from sse_presence.domain.signal import Heartbeat, Leave, Override, Typing
from sse_presence.errors import SettingsError, StoreUnavailable
from sse_presence.settings import Settings
from sse_presence.store.client import Client
from sse_presence.store.server import connect
from sse_presence.store.store import Store

BEAT = Heartbeat(device="d", interval=15_000)
NEEDLES = ["a*b", "a,b", "a:b", "a/b", "{a}", "}{", "a%2Fb", "🎧", "m", "due", "é" * 64]


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = Redis.from_url(redis_url)
    yield client
    await client.aclose()


@pytest.fixture
async def make(redis_url: str) -> AsyncIterator[Callable[..., Store]]:
    stores: list[Store] = []

    def made(**settings: int) -> Store:
        stores.append(Store(Client(redis_url), Settings(**settings)))  # type: ignore[arg-type]
        return stores[-1]

    yield made
    for store in stores:
        await store.close()


@pytest.fixture
async def make_at(redis_url: str) -> AsyncIterator[Callable[..., Store]]:
    """Stores for which it is always the same time."""
    stores: list[Store] = []

    def made(now: int, url: str = redis_url) -> Store:
        stores.append(Store(Client(url), Settings(), clock=lambda: now))
        return stores[-1]

    yield made
    for store in stores:
        await store.close()


async def test_all_but_metadata_expires(make: Callable[..., Store], redis: Redis) -> None:
    store = make()
    await store.open()
    await store.cursor_key()
    await store.heartbeat("alice", BEAT)
    await store.status("bob", Override(status="dnd", text="x"))
    await store.typing("alice", Typing(device="d", channel="room", typing=True))
    await store.tick()
    lasting = {key async for key in redis.scan_iter() if await redis.ttl(key) == -1}
    assert lasting == {b"presence:meta", b"presence:{0}:m"}


@pytest.mark.parametrize("partitions", [1, 64])
async def test_an_id_reaches_no_other_key(make: Callable[..., Store], partitions: int) -> None:
    store = make(partitions=partitions)
    for name in NEEDLES:
        await store.status(name, Override(status="online", text=name))
        await store.heartbeat(name, BEAT)
        await store.typing(name, Typing(device=name, channel=name, typing=True))
    reading = await store.read(NEEDLES)
    assert [record.user for record in reading.records] == NEEDLES
    assert all('"status":"online"' in record.body for record in reading.records)
    lists = {entry.channel: entry for entry in await store.typing_in(NEEDLES)}
    assert {name: [one.user for one in entry.typists] for name, entry in lists.items()} == {
        name: [name] for name in NEEDLES
    }


async def test_asking_about_strangers_leaves_nothing(make: Callable[..., Store], redis: Redis) -> None:
    store = make()
    await store.read(["nobody"])
    await store.own("nobody")
    await store.leave("nobody", Leave(device="d"))
    await store.renew("nobody", "d")
    await store.closed("nobody", "d")
    await store.status("nobody", Override(status="online"))
    await store.typing_in(["nowhere"])
    assert [key async for key in redis.scan_iter()] == [b"presence:{0}:m"]


async def test_a_key_of_a_wrong_type_costs_nobody_else_anything(
    make: Callable[..., Store], redis: Redis
) -> None:
    store = make()
    await redis.set("presence:{0}:u:mallory", "not a hash")
    answers = await asyncio.gather(
        *(store.heartbeat(user, BEAT) for user in ("alice", "mallory", "bob")), return_exceptions=True
    )
    assert isinstance(answers[1], StoreUnavailable)
    assert not isinstance(answers[0], BaseException)
    assert not isinstance(answers[2], BaseException)
    assert await store.tick() == 0
    assert [record.version for record in (await store.read(["alice", "bob"])).records] == [1, 1]


async def test_a_store_out_of_memory_stores_nothing_by_half(make: Callable[..., Store], redis: Redis) -> None:
    store = make()
    await store.heartbeat("alice", BEAT)
    before = (await store.positions([0]))[0]
    await redis.config_set("maxmemory", 1)
    with pytest.raises(StoreUnavailable):
        await store.status("alice", Override(status="dnd"))
    await redis.config_set("maxmemory", 0)
    assert (await store.positions([0]))[0][1] == before[1]
    assert (await store.read(["alice"])).records[0].version == 1


async def test_the_script_is_loaded_again_when_the_server_forgot_it(
    make: Callable[..., Store], redis: Redis
) -> None:
    store = make()
    await store.heartbeat("alice", BEAT)
    await redis.script_flush()
    assert (await store.heartbeat("alice", BEAT)).status == "online"


async def test_another_number_of_partitions_is_refused(make: Callable[..., Store]) -> None:
    await make(partitions=4).open()
    await make(partitions=4).open()
    with pytest.raises(SettingsError, match="SSE_PRESENCE_PARTITIONS=4"):
        await make().open()


async def test_an_unknown_format_is_refused(make: Callable[..., Store], redis: Redis) -> None:
    await redis.hset("presence:meta", "format", "999")
    with pytest.raises(SettingsError, match="format 999"):
        await make().open()


async def test_an_unsafe_eviction_policy_is_warned_of(
    make: Callable[..., Store], redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    await redis.config_set("maxmemory-policy", "allkeys-lru")
    with caplog.at_level(logging.WARNING):
        await make().open()
    assert "noeviction" in caplog.text


async def test_a_wiped_store_is_another_incarnation(make: Callable[..., Store], redis: Redis) -> None:
    store = make()
    await store.heartbeat("alice", BEAT)
    before = (await store.positions([0]))[0]
    await redis.flushall()
    after = (await store.positions([0]))[0]
    assert after[0] != before[0]
    assert after[1] == 0


async def test_a_promoted_server_is_another_incarnation_from_its_first_call_on(
    make: Callable[..., Store], redis: Redis
) -> None:
    store = make()
    await store.heartbeat("alice", BEAT)
    await store.tick()
    before = (await store.read(["alice"])).positions[0]
    await redis.replicaof("127.0.0.1", "1")
    await redis.replicaof("NO", "ONE")
    await store.leave("alice", Leave(device="d"))
    reading = await store.read(["alice"])
    assert reading.positions[0][0] != before[0]
    assert (await store.read(["alice"])).positions[0][0] == reading.positions[0][0]


async def up(redis: Redis) -> int:
    """Seconds for which a server says that it is up; at least one."""
    while not (seconds := (await redis.info("server"))["uptime_in_seconds"]):  # noqa: ASYNC110 - of another
        await asyncio.sleep(0.05)
    return int(seconds)


async def test_a_promotion_is_noticed_behind_a_second_one(
    make_at: Callable[..., Store], redis: Redis
) -> None:
    """Though the server has been up for longer than since the last sweep."""
    await up(redis)
    store = make_at(1_000_000)
    await store.tick()
    before = (await store.positions([0]))[0]
    for _ in range(2):
        await redis.replicaof("127.0.0.1", "1")
        await redis.replicaof("NO", "ONE")
    assert (await store.positions([0]))[0][0] != before[0]


async def test_a_server_that_may_have_started_since_the_last_sweep_is_another_incarnation(
    make_at: Callable[..., Store], redis: Redis, valkey_url: str
) -> None:
    """Its uptime may be said to be nearly a second longer than it is."""
    async with Redis.from_url(valkey_url) as other:
        await other.flushall()
        elsewhere = make_at(1_000_000, url=valkey_url)
        await elsewhere.tick()
        before = (await elsewhere.positions([0]))[0]
        partition = cast("bytes", await other.get("presence:{0}:m"))
    uptime = 0
    while uptime != await up(redis):  # or a second ended meanwhile
        uptime = await up(redis)
        await redis.set("presence:{0}:m", partition)
        after = (await make_at(1_000_000 + uptime * 1000 - 1).positions([0]))[0]
    assert after[0] != before[0]
    await redis.set("presence:{0}:m", partition)
    after = (await make_at(1_000_000 + (uptime - 1) * 1000).positions([0]))[0]
    assert after[0] == before[0], "it was up before, so the partition has moved"


@pytest.mark.parametrize(
    "url",
    [
        *(
            "http://localhost",
            "redis+sentinel://host:26379",
            "redis+sentinel://host:x/name",
            "redis://h:port",
        ),
        *("localhost:6379", "redis://[::1:6379", "redis://h:6379/presence", "redis+cluster://h:6379/1"),
        *("redis://h?user=alice", "redis+cluster://h?user=alice", "redis+sentinel://h/name?user=alice"),
        *("redis+sentinel://h/name?sentinel_user=alice", "redis+sentinel://h/name?ssl_ca_certs=file"),
    ],
)
async def test_a_url_that_cannot_be_is_said(url: str) -> None:
    with pytest.raises(SettingsError, match="REDIS_URL"):
        Client(url)


@pytest.mark.parametrize("kind", ["redis", "redis+cluster", "redis+sentinel"])
@pytest.mark.parametrize("password", ["hush/hush", "hush#hush", "hush?hush", "[hush"])
async def test_a_password_that_was_not_encoded_is_not_repeated(kind: str, password: str) -> None:
    with pytest.raises(SettingsError, match="REDIS_URL") as raised:
        Client(f"{kind}://:{password}@host:6379/{'name' if kind == 'redis+sentinel' else ''}")
    assert "hush" not in str(raised.value)


def test_what_a_url_says_of_a_master_named_by_sentinels_counts() -> None:
    server = connect(
        "redis+sentinel://u:p%2F@h:1,i:2/name/3?sentinel_password=theirs&health_check_interval=9"
    )
    connection = server.connection_pool.connection_kwargs
    told = {name: connection[name] for name in ("username", "password", "db", "health_check_interval")}
    assert told == {"username": "u", "password": "p/", "db": 3, "health_check_interval": 9}
    manager = cast("SentinelConnectionPool", server.connection_pool).sentinel_manager
    assert [s.connection_pool.connection_kwargs["password"] for s in manager.sentinels] == ["theirs"] * 2


async def test_a_store_emptied_between_two_commands_is_out_of_reach(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client(redis_url)
    on = client._on
    monkeypatch.setattr(client, "_on", lambda key, *words: on(key, "HGET", "nothing", words[2]))
    with pytest.raises(StoreUnavailable, match="emptied"):
        await client.hash_default("presence:meta", "format", "1")
    await client.close()
