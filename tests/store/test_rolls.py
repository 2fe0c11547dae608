"""Who is in a channel, through a whole store: signals go in, rolls and their publications come out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec
import pytest
from redis.asyncio import Redis

from sse_presence.domain.members import LEASE
from sse_presence.domain.message import Message
from sse_presence.domain.roll import LISTED, Roll
from sse_presence.domain.signal import Heartbeat, Leave, Override
from sse_presence.settings import Settings
from sse_presence.store import keys
from sse_presence.store.client import Client
from sse_presence.store.store import Store

CEILING = 10.0


def beat(*channels: str, device: str = "d", seq: int | None = None) -> Heartbeat:
    return Heartbeat(device=device, interval=15_000, channels=channels, seq=seq)


@pytest.fixture(params=[1, 8])
async def make(redis_url: str, request: pytest.FixtureRequest) -> AsyncIterator[Callable[..., Store]]:
    stores: list[Store] = []

    def made(clock: Callable[[], int] | None = None) -> Store:
        settings = Settings(partitions=request.param, grace=200, sweep=200)
        stores.append(Store(Client(redis_url), settings, clock=clock))
        return stores[-1]

    yield made
    for store in stores:
        await store.close()


@pytest.fixture
def store(make: Callable[..., Store]) -> Store:
    return make()


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = Redis.from_url(redis_url)
    yield client
    await client.aclose()


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    loop = asyncio.get_running_loop()
    too_late = loop.time() + CEILING
    while not await holds():
        assert loop.time() < too_late
        await asyncio.sleep(0.02)


async def becomes(store: Store, channel: str, *members: str, sweeping: bool = False) -> None:
    """Wait until exactly these are in a channel."""

    async def equal() -> bool:
        if sweeping:
            await store.tick()
        (roll,) = await store.rolls([channel])
        return (roll.count, roll.members) == (len(members), members)

    await until(equal)


async def test_a_channel_nobody_lists_is_empty_and_leaves_nothing(store: Store, redis: Redis) -> None:
    assert [(roll.channel, roll.count, roll.members) for roll in await store.rolls(["room"])] == [
        ("room", 0, ())
    ]
    number = store.partition_of("room")
    assert [key async for key in redis.scan_iter()] == [b"presence:{%d}:m" % number]


async def test_each_heartbeat_replaces_the_channels(store: Store) -> None:
    await store.heartbeat("bob", beat("room", "hall"))
    await store.heartbeat("alice", beat("room"))
    await becomes(store, "room", "alice", "bob")
    await becomes(store, "hall", "bob")
    await store.heartbeat("bob", beat("attic", "hall"))
    await becomes(store, "room", "alice")
    await becomes(store, "attic", "bob")
    await becomes(store, "hall", "bob")
    await store.heartbeat("bob", beat())
    await becomes(store, "attic")
    await becomes(store, "hall")


async def test_a_user_is_where_any_of_its_devices_is(store: Store) -> None:
    await store.heartbeat("alice", beat("room", "hall", device="one"))
    await store.heartbeat("alice", beat("room", "attic", device="two"))
    for channel in ("room", "hall", "attic"):
        await becomes(store, channel, "alice")
    await store.leave("alice", Leave(device="one"))
    await becomes(store, "hall", sweeping=True)
    await becomes(store, "room", "alice")
    await store.leave("alice", Leave(device="two"))
    await becomes(store, "room", sweeping=True)


async def test_an_outdated_heartbeat_moves_nobody(store: Store) -> None:
    await store.heartbeat("alice", beat("room", seq=2))
    assert (await store.heartbeat("alice", beat("hall", seq=1))).stale
    await becomes(store, "room", "alice")
    await becomes(store, "hall")


async def test_the_invisible_stay_for_their_grace_and_then_where_they_were(store: Store) -> None:
    await store.heartbeat("alice", beat("room"))
    await becomes(store, "room", "alice")
    await store.status("alice", Override(status="invisible"))
    await store.heartbeat("alice", beat("hall"))
    await becomes(store, "room", sweeping=True)
    await becomes(store, "hall")
    await store.status("alice", Override(status="online"))
    await becomes(store, "hall", "alice")


async def test_an_unchanged_list_costs_what_an_unchanged_heartbeat_costs(store: Store, redis: Redis) -> None:
    await store.heartbeat("alice", beat("room", "hall"))
    await becomes(store, "room", "alice")
    await redis.config_resetstat()
    for _ in range(10):
        await store.heartbeat("alice", beat("hall", "room"))
    commands = await redis.info("commandstats")
    assert commands["cmdstat_hset"]["calls"] == commands["cmdstat_hmget"]["calls"] == 10
    assert "cmdstat_hgetall" not in commands
    assert "cmdstat_publish" not in commands


async def test_joins_and_leaves_are_published_as_their_net_difference(store: Store, redis: Redis) -> None:
    bus = redis.pubsub()
    number = store.partition_of("room")
    await bus.subscribe(keys.bus(number))
    await bus.get_message(timeout=5)
    told: list[Roll] = []

    async def hear(count: int) -> None:
        async with asyncio.timeout(CEILING):
            while len(told) < count:
                payload = await bus.get_message(timeout=5)
                if payload is not None:
                    message = msgspec.msgpack.decode(payload["data"], type=Message)
                    told.extend(message.rolls)
                    assert all(roll.changed <= message.time for roll in message.rolls)

    await store.heartbeat("alice", beat("room"))
    await hear(1)
    await store.heartbeat("bob", beat("room"))
    await hear(2)
    await store.heartbeat("alice", beat())
    await hear(3)
    assert [(roll.channel, roll.count, roll.members, roll.joined, roll.left) for roll in told] == [
        ("room", 1, None, ("alice",), ()),
        ("room", 2, None, ("bob",), ()),
        ("room", 1, None, (), ("alice",)),
    ]
    assert [roll.changed for roll in told] == sorted({roll.changed for roll in told})
    (reading,) = await store.rolls(["room"])
    assert reading.changed >= told[-1].changed
    await bus.aclose()  # type: ignore[no-untyped-call]


async def test_many_members_are_counted_and_listed_again_when_they_are_few(store: Store) -> None:
    names = [f"user-{number:03}" for number in range(LISTED + 2)]
    await asyncio.gather(*(store.heartbeat(name, beat("room")) for name in names))

    async def counted(count: int) -> bool:
        (roll,) = await store.rolls(["room"])
        return roll.count == count

    await until(lambda: counted(LISTED + 2))
    assert (await store.rolls(["room"]))[0].members is None
    await asyncio.gather(*(store.heartbeat(name, beat()) for name in names[:2]))
    await becomes(store, "room", *names[2:])


async def test_a_dead_process_leaves_what_it_took_to_the_next(make: Callable[..., Store]) -> None:
    dying, living = make(), make()
    await dying.heartbeat("alice", beat("room"))
    await becomes(living, "room", "alice")
    await dying.heartbeat("alice", beat("hall"))
    await dying.close()
    await becomes(living, "hall", "alice", sweeping=True)
    await becomes(living, "room")


async def test_all_but_metadata_expires(store: Store, redis: Redis) -> None:
    await store.heartbeat("alice", beat("room", "hall"))
    await becomes(store, "hall", "alice")
    await store.heartbeat("alice", beat("room"))
    await becomes(store, "hall")
    lasting = {key async for key in redis.scan_iter() if await redis.ttl(key) == -1}
    assert lasting == {b"presence:{%d}:m" % number for number in range(store.partitions)} & lasting
    assert await redis.exists(keys.taken_off(store.partition_of("hall")) + "hall")


async def test_a_member_of_whom_nothing_more_is_told_lapses_with_its_lease(
    make: Callable[..., Store], redis: Redis
) -> None:
    now = 1_700_000_000_000
    store = make(clock=lambda: now)
    await store.tick()
    await store.heartbeat("alice", beat("room"))
    await becomes(store, "room", "alice")
    fence = await redis.zscore(keys.rolls(store.partition_of("room")) + "room", "alice")
    assert fence is not None
    await store.close()
    await redis.delete(*(keys.script_keys(number)[4] for number in range(store.partitions)))
    store = make(clock=lambda: now)
    while now < fence + LEASE - 4_000:
        now += 4_000
        await store.heartbeat("alice", beat("room"))
        await store.tick()
    now = int(fence) + LEASE - 1
    await store.tick()
    await becomes(store, "room", "alice")
    now += 1
    await becomes(store, "room")


async def test_rolls_that_were_lost_are_told_again(store: Store, redis: Redis) -> None:
    await store.tick()
    await store.heartbeat("alice", beat("room"))
    await becomes(store, "room", "alice")
    number = store.partition_of("room")
    await redis.delete(keys.rolls(number) + "room", keys.script_keys(number)[5])
    await becomes(store, "room")
    if store.partitions > 1:
        await redis.delete(keys.script_keys(number)[0])  # as if the partition had been lost
        await becomes(store, "room", "alice", sweeping=True)
