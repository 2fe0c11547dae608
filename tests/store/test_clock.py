"""What a clock of the store that jumps does to people: nothing that they would notice."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from sse_presence.domain.signal import Heartbeat, Typing
from sse_presence.settings import Settings
from sse_presence.store.client import Client
from sse_presence.store.store import Store

BEAT = Heartbeat(device="d", interval=15_000)
START = 1_700_000_000_000
LIFE = 45_000
JUMP = 30_000


class Jumping:
    """A store whose clock the test moves; a sweep a second while time passes."""

    def __init__(self, redis_url: str) -> None:
        self.clock = START
        self.store = Store(Client(redis_url), Settings(), clock=lambda: self.clock)

    async def passes(self, seconds: int) -> None:
        for _ in range(seconds):
            self.clock += 1_000
            await self.store.tick()

    async def status(self) -> str:
        (record,) = (await self.store.read(["alice"])).records
        return record.body.split('"')[3]


@pytest.fixture
async def jumping(redis_url: str) -> AsyncIterator[Jumping]:
    jumping = Jumping(redis_url)
    await jumping.store.tick()
    yield jumping
    await jumping.store.close()


async def test_whoever_stops_before_a_clock_goes_back_is_no_ghost(jumping: Jumping) -> None:
    await jumping.store.heartbeat("alice", BEAT)
    await jumping.passes(5)
    jumping.clock -= JUMP
    await jumping.passes(LIFE // 1_000 - 10)
    assert await jumping.status() == "online"
    await jumping.passes(12)
    assert await jumping.status() == "offline", "later by little more than a tenth"


async def test_whoever_beats_stays_and_whoever_types_stops_typing(jumping: Jumping) -> None:
    await jumping.store.heartbeat("alice", BEAT)
    await jumping.store.typing("alice", Typing(device="d", channel="talk", typing=True, seq=None))
    jumping.clock -= JUMP
    await jumping.passes(10)
    (listed,) = await jumping.store.typing_in(["talk"])
    assert listed.count == 0
    for _ in range(4):
        await jumping.store.heartbeat("alice", BEAT)
        await jumping.passes(15)
        assert await jumping.status() == "online"


async def test_a_clock_that_goes_forward_takes_no_life(jumping: Jumping) -> None:
    await jumping.store.heartbeat("alice", BEAT)
    await jumping.passes(40)
    jumping.clock += JUMP
    assert await jumping.status() == "online"
    await jumping.passes(LIFE // 1_000 - 1)
    assert await jumping.status() == "online"
    await jumping.passes(2)
    assert await jumping.status() == "offline"


async def test_times_never_go_back_and_one_day_are_the_clocks_again(jumping: Jumping) -> None:
    times = []
    for jump in (0, -JUMP, 0, -JUMP, 0):
        jumping.clock += jump
        await jumping.passes(3)
        times.append((await jumping.store.read(["alice"])).time)
    assert times == sorted(times)
    assert times[-1] - jumping.clock > JUMP
    await jumping.passes(2 * 10 * JUMP // 1_000)
    assert (await jumping.store.read(["alice"])).time == jumping.clock
