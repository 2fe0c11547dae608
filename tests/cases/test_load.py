"""What much traffic may not cost: beats that change nothing are nobody's business but the store's."""

from __future__ import annotations

import asyncio

import msgspec
from redis.asyncio import Redis
from redis.asyncio.client import PubSub

from sse_presence.domain.message import Message
from sse_presence.domain.signal import Heartbeat
from sse_presence.settings import Settings
from sse_presence.store.client import Client
from sse_presence.store.keys import bus
from sse_presence.store.store import Store
from tests.conftest import Events, StartLive

CROWD = [f"user-{number}" for number in range(250)]
BEAT = Heartbeat(device="laptop", interval=15_000)


async def heard(pubsub: PubSub) -> list[Message]:
    """What the bus brought so far, up to a moment of silence."""
    messages = []
    while message := await pubsub.get_message(ignore_subscribe_messages=True, timeout=0.3):
        messages.append(msgspec.msgpack.decode(message["data"], type=Message))
    return messages


async def test_c42_a_thousand_unchanged_beats_publish_nothing(
    live: StartLive, events: Events, redis_url: str
) -> None:
    url = (await live()).url
    elsewhere = Store(Client(redis_url), Settings())
    async with Redis.from_url(redis_url) as redis, redis.pubsub() as pubsub, events(url, *CROWD) as stream:
        await stream.next("snapshot")
        await asyncio.gather(*(elsewhere.heartbeat(user, BEAT) for user in CROWD))
        for user in CROWD:
            while "online" not in stream.statuses(user):
                await stream.next("presence")
        await pubsub.subscribe(bus(0))
        for _ in range(4):
            await asyncio.gather(*(elsewhere.heartbeat(user, BEAT) for user in CROWD))
        told = await heard(pubsub)
        assert not [message for message in told if message.public or message.own or message.typing]
        assert {tuple(stream.statuses(user)) for user in CROWD} == {("offline", "online")}
    await elsewhere.close()
