"""Stored interests and kept values: what is kept, for whom, for how long, and what a change publishes."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec
import pytest
from redis.asyncio import Redis

from sse_presence.domain.interest import Interest, InterestChange
from sse_presence.domain.message import Message
from sse_presence.errors import Invalid
from sse_presence.fanout.interests import KEEP
from sse_presence.settings import Settings
from sse_presence.store import keys
from sse_presence.store.client import Client
from sse_presence.store.store import Store

NOBODY = Interest(None)


@pytest.fixture(params=[1, 8])
async def store(redis_url: str, request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    limits = Settings(partitions=request.param, max_interest_users=4, max_interest_channels=2)
    made = Store(Client(redis_url), limits)
    yield made
    await made.close()


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = Redis.from_url(redis_url)
    yield client
    await client.aclose()


async def test_an_interest_is_found_again_on_any_process(store: Store, redis_url: str) -> None:
    made = await store.keep_interest("alice", ["bob", "é:*{x}"], ["room"], [])
    other = Store(Client(redis_url), Settings(partitions=store.partitions))
    assert await other.interest(made.id) == made
    await other.close()
    assert (made.owner, made.version, list(made.channels), made.members) == ("alice", 1, ["room"], {})
    assert made.users.keys() == {"bob", "é:*{x}"}
    assert len(made.id) == 22
    assert await store.interest("unknown") is None


async def test_each_use_keeps_it_for_more_than_an_hour(store: Store, redis: Redis) -> None:
    made = await store.keep_interest("alice", ["bob"], [], [])
    key = keys.interests(store.partition_of(made.id)) + made.id
    await redis.pexpire(key, 1_000)
    await store.interest(made.id)
    assert await redis.pttl(key) > 3_600_000 + 1_000 * KEEP - 10_000


async def test_a_change_is_published_as_what_it_changed(store: Store, redis: Redis) -> None:
    made = await store.keep_interest("alice", ["bob", "carol"], ["room"], [])
    bus = redis.pubsub()
    await bus.subscribe(keys.bus(store.partition_of(made.id)))
    await bus.get_message(timeout=5)
    changed = await store.change_interest(
        made.id,
        "alice",
        Interest(None, ("bob", "dave"), (), ("hall",)),
        Interest(None, ("carol", "nobody"), ("room",)),
    )
    assert changed is not None
    assert (changed.version, set(changed.users), changed.channels) == (2, {"bob", "dave"}, {})
    assert changed.users["bob"] == made.users["bob"] < changed.users["dave"] == changed.members["hall"]
    payload = await bus.get_message(timeout=5)
    assert payload is not None
    message = msgspec.msgpack.decode(payload["data"], type=Message)
    assert message.interests == (
        InterestChange(
            *(made.id, 2, changed.users["dave"], ("dave",), (), ("hall",), ("carol",), ("room",), ()),
        ),
    )
    assert message.time >= changed.users["dave"]
    await bus.aclose()  # type: ignore[no-untyped-call]


async def test_what_is_removed_and_added_begins_anew(store: Store) -> None:
    made = await store.keep_interest("alice", ["bob"], [], [])
    changed = await store.change_interest(
        made.id, "alice", Interest(None, ("bob",)), Interest(None, ("bob",))
    )
    assert changed is not None
    assert changed.users["bob"] > made.users["bob"]


async def test_a_change_of_nothing_publishes_nothing(store: Store) -> None:
    made = await store.keep_interest("alice", ["bob"], [], [])
    number = store.partition_of(made.id)
    before = await store.positions([number])
    same = await store.change_interest(made.id, "alice", Interest(None, ("bob",)), Interest(None, ("dave",)))
    assert same == made
    assert (await store.positions([number]))[number][1] == before[number][1]


async def test_only_the_owner_may_change_it(store: Store) -> None:
    made = await store.keep_interest("alice", ["bob"], [], [])
    assert await store.change_interest(made.id, "mallory", Interest(None, ("eve",)), NOBODY) is None
    assert await store.interest(made.id) == made


@pytest.mark.parametrize(
    ("add", "field"),
    [
        (Interest(None, ("c", "d", "e", "f")), "add.users"),
        (Interest(None, (), ("b", "c")), "add.channels"),
        (Interest(None, (), (), ("a", "b", "c")), "add.members"),
    ],
)
async def test_too_long_a_list_changes_nothing(store: Store, add: Interest, field: str) -> None:
    made = await store.keep_interest("alice", ["a", "b"], ["a"], [])
    with pytest.raises(Invalid) as refused:
        await store.change_interest(made.id, "alice", add, Interest(None, ("b",)))
    assert refused.value.errors[0].field == field
    assert await store.interest(made.id) == made


async def test_a_value_is_kept_for_its_time(store: Store, redis: Redis) -> None:
    await store.put("ticket", "é:1", b"\xff\x00", 30_000)
    assert await store.get("ticket", "é:1") == b"\xff\x00"
    assert await store.get("other", "é:1") is None
    assert 29_000 < await redis.pttl(keys.value(store.partition_of("é:1"), "ticket", "é:1")) <= 30_000
