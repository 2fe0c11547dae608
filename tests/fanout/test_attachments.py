"""Streams keep their devices alive, and their end is told only when the peer ended the last one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import cast

import pytest

from sse_presence.errors import StoreUnavailable
from sse_presence.fanout.attachments import Attachments
from sse_presence.fanout.pump import Pump
from sse_presence.store.store import Store

CEILING = 10.0
INTERVAL = 0.1


class FakeStore:
    """Notes what it is told, or is out of reach."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.reachable = True
        self.interval: int | None = None
        """What it knows of the device."""
        self.news = asyncio.Event()

    async def renew(self, user: str, device: str) -> int | None:
        self._tell(f"renew {user} {device}")
        return self.interval

    async def closed(self, user: str, device: str) -> None:
        self._tell(f"closed {user} {device}")

    def _tell(self, what: str) -> None:
        if not self.reachable:
            raise StoreUnavailable("gone")
        self.told.append(what)
        self.news.set()


class Bench:
    """Attachments on a fake store."""

    def __init__(self) -> None:
        self.store = FakeStore()
        pump = Pump()
        self.attachments = Attachments(cast("Store", self.store), pump, INTERVAL)
        self.tasks = [asyncio.create_task(run()) for run in (pump.run, self.attachments.run)]

    async def until(self, count: int) -> list[str]:
        """What was told, once it is so much."""
        async with asyncio.timeout(CEILING):
            while len(self.store.told) < count:
                self.store.news.clear()
                await self.store.news.wait()
        return self.store.told


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    bench = Bench()
    yield bench
    for task in bench.tasks:
        task.cancel()
    await asyncio.wait(bench.tasks)


async def test_attaching_renews_and_so_does_every_interval(bench: Bench) -> None:
    bench.attachments.attach("alice", "phone")
    assert await bench.until(3) == ["renew alice phone"] * 3


async def test_a_signal_stands_for_a_renewal(bench: Bench) -> None:
    bench.attachments.attach("alice", "phone")
    await bench.until(1)
    for _ in range(15):
        bench.attachments.signalled("alice", "phone")
        await asyncio.sleep(INTERVAL / 5)
    assert len(bench.store.told) <= 2


async def test_a_device_that_declared_a_longer_interval_is_renewed_less_often(bench: Bench) -> None:
    bench.attachments.attach("alice", "phone")
    await bench.until(1)
    bench.attachments.signalled("alice", "phone", 60_000)
    await asyncio.sleep(4 * INTERVAL)
    assert bench.store.told == ["renew alice phone"]


async def test_a_device_that_signals_elsewhere_is_renewed_as_often_as_it_declared(bench: Bench) -> None:
    """At first as often as any, for nothing is known of it."""
    bench.attachments.attach("alice", "phone")
    await bench.until(2)
    bench.store.interval = 60_000
    await bench.until(3)
    await asyncio.sleep(4 * INTERVAL)
    assert len(bench.store.told) == 3


async def test_a_shorter_interval_is_kept_from_the_next_renewal_on(bench: Bench) -> None:
    bench.store.interval = 60_000
    bench.attachments.attach("alice", "phone")
    await bench.until(1)
    await asyncio.sleep(2 * INTERVAL)
    assert len(bench.store.told) == 1
    bench.attachments.signalled("alice", "phone", 100)
    await bench.until(2)


async def test_only_the_last_stream_closed_by_its_peer_is_told(bench: Bench) -> None:
    first = bench.attachments.attach("alice", "phone")
    second = bench.attachments.attach("alice", "phone")
    await bench.until(1)
    bench.attachments.detach(first, by_peer=True)
    bench.attachments.detach(second, by_peer=True)
    assert (await bench.until(2))[-1] == "closed alice phone"


async def test_a_close_by_this_process_shortens_nothing(bench: Bench) -> None:
    key = bench.attachments.attach("alice", "phone")
    await bench.until(1)
    bench.attachments.detach(key, by_peer=False)
    await asyncio.sleep(3 * INTERVAL)
    assert bench.store.told == ["renew alice phone"]


async def test_a_device_that_is_back_is_not_told_closed(bench: Bench) -> None:
    key = bench.attachments.attach("alice", "phone")
    await bench.until(1)
    bench.attachments.detach(key, by_peer=True)
    bench.attachments.attach("alice", "phone")
    assert (await bench.until(2))[-1] == "renew alice phone"


async def test_what_the_store_does_not_take_is_told_when_it_does(bench: Bench) -> None:
    key = bench.attachments.attach("alice", "phone")
    await bench.until(1)
    bench.store.reachable = False
    bench.attachments.detach(key, by_peer=True)
    await asyncio.sleep(INTERVAL)
    bench.store.reachable = True
    assert (await bench.until(2))[-1] == "closed alice phone"


async def test_signals_of_devices_without_a_stream_are_nobodys_business(bench: Bench) -> None:
    bench.attachments.signalled("alice", "phone", 60_000)
    await asyncio.sleep(2 * INTERVAL)
    assert bench.store.told == []
