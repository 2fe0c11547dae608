"""The bus under fault, on a real store: loss is noticed, told, mended, and nobody is shown leaving by it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, cast

import pytest
from redis.asyncio import Redis

from sse_presence.fanout.bus import Bus, Positions
from sse_presence.store.client import Home
from sse_presence.store.keys import bus
from sse_presence.store.server import options
from tests.conftest import Events, StartLive
from tests.live.test_stream import post
from tests.running import CEILING, meanwhile

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from redis.asyncio.client import PubSub

    from sse_presence.fanout.mender import Mender


@asynccontextmanager
async def store_at(url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(url) as store:
        yield store


async def test_c35_a_killed_subscription_is_stale_then_fresh_and_nothing_is_missed(
    live: StartLive, events: Events, redis_url: str
) -> None:
    service = await live(sweep=0.2)
    async with store_at(redis_url) as store, events(service.url, "alice", "bob") as stream:
        await stream.next("snapshot")
        await store.client_kill_filter(_type="pubsub")
        await post(service.url, "alice", "heartbeat", device="d")
        assert (await stream.next()).name == "stale"
        assert (await stream.record("alice"))["status"] == "online"
        await stream.next("fresh")
        await post(service.url, "bob", "heartbeat", device="d")
        assert (await stream.record("bob"))["status"] == "online"
        assert stream.statuses("alice") == ["offline", "online"]


async def test_c37_after_flushall_nobody_who_beats_is_shown_leaving(
    live: StartLive, events: Events, redis_url: str
) -> None:
    service = await live(heartbeat=1, grace=0.5, sweep=0.2)
    async with store_at(redis_url) as store, events(service.url, "alice", "gone") as stream:
        await post(service.url, "alice", "heartbeat", device="d")
        await post(service.url, "gone", "heartbeat", device="d")
        assert (await stream.record("gone"))["status"] == "offline"
        assert (await stream.record("gone"))["status"] == "online"
        await store.flushall()
        last_known = await stream.next("snapshot")
        assert [one["status"] for one in last_known.data["users"]] == ["online", "online"]
        assert [one["version"] for one in last_known.data["users"]] == [0, 0]
        assert last_known.data["settling_ms"] > 0

        async def beat_on() -> None:
            while True:
                await post(service.url, "alice", "heartbeat", device="d")
                await asyncio.sleep(0.7)

        async with meanwhile(beat_on()):
            while "settling_ms" in (truth := await stream.next("snapshot")).data:
                assert [one["status"] for one in truth.data["users"]] == ["online", "online"]
        assert [one["status"] for one in truth.data["users"]] == ["online", "offline"]
        assert "offline" not in stream.statuses("alice")[1:]
        await post(service.url, "alice", "status", status="dnd")
        assert (await stream.record("alice"))["status"] == "dnd"


async def test_c21_a_cursor_from_before_flushall_gets_a_snapshot(
    live: StartLive, events: Events, redis_url: str
) -> None:
    service = await live(sweep=0.2)
    async with events(service.url, "alice") as stream:
        await stream.next("snapshot")
        last = stream.last_id
    async with store_at(redis_url) as store:
        await store.flushall()
    await asyncio.sleep(1)
    async with events(service.url, "alice", last=last) as stream:
        assert (await stream.next()).data["resumed"] is False
        await stream.next("snapshot")
        await post(service.url, "alice", "heartbeat", device="d")
        assert (await stream.record("alice"))["status"] == "online"


@pytest.mark.parametrize("noise", [b"", b"\xff", b"\x93\x01\x02\x03", b"x" * 10_000])
async def test_what_cannot_be_read_on_the_bus_is_a_gap(
    live: StartLive, events: Events, redis_url: str, noise: bytes
) -> None:
    service = await live(sweep=0.2)
    async with store_at(redis_url) as store, events(service.url, "alice") as stream:
        await stream.next("snapshot")
        await store.publish(bus(0), noise)
        await stream.next("stale")
        await stream.next("fresh")
        await post(service.url, "alice", "heartbeat", device="d")
        assert (await stream.record("alice"))["status"] == "online"


async def test_c42_four_processes_sweep_as_often_as_one(live: StartLive, redis_url: str) -> None:
    """Counted in marks, and in what the store is asked at all: four times as much, if each were alone."""
    async with store_at(redis_url) as store:

        async def calls() -> int:
            told = await store.info("commandstats")
            return int(told["cmdstat_evalsha"]["calls"])

        async def work(seconds: float) -> tuple[int, int]:
            async with store.pubsub() as heard:
                await heard.subscribe(bus(0))
                count, loop, before = 0, asyncio.get_running_loop(), await calls()
                end = loop.time() + seconds
                while (left := end - loop.time()) > 0:
                    message = await heard.get_message(timeout=left)
                    count += message is not None and message["type"] == "message"
                return count, await calls() - before

        await live(sweep=0.2)
        marks, asked = await work(3)
        for _ in range(3):
            await live(sweep=0.2)
        marks_of_all, asked_of_all = await work(3)
    assert 10 <= marks <= 25
    assert marks_of_all <= marks * 2.2
    assert asked_of_all <= asked * 2.2


class BusyHome(Home):
    """One of a cluster's servers; on every channel something comes before the next is asked for."""

    async def subscribe(self, pubsub: PubSub) -> None:
        for channel in self.channels:
            await pubsub.ssubscribe(channel)
            while not await self.redis.spublish(channel, b"news"):  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.001)


class Noted:
    """A mender that only notes what was lost."""

    def __init__(self) -> None:
        self.losses: list[Sequence[int]] = []

    def lost(self, numbers: Sequence[int]) -> None:
        self.losses.append(numbers)

    def regained(self, _: Positions) -> None:
        pass

    def second(self, _: Sequence[int]) -> bool:
        return False


async def test_c35_what_is_published_while_channels_are_asked_for_is_no_loss(redis_url: str) -> None:
    channels = {bus(number): number for number in range(9)}

    async def homes(asked: Sequence[bytes]) -> list[Home]:
        return [BusyHome(tuple(asked), Redis.from_url(redis_url, **options()), sharded=True)]

    async def begin(_: Sequence[int]) -> Positions:
        return {}

    mender = Noted()
    hearing = Bus(homes, channels, begin, lambda *_: None, cast("Mender", mender))
    async with meanwhile(hearing.run()), asyncio.timeout(CEILING):
        await hearing.heard.wait()
    assert mender.losses == []
