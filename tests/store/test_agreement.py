"""The scripts do what the specification says: same random histories, same answers and publications."""

from __future__ import annotations

import asyncio
import json
import struct
from operator import itemgetter
from typing import Any, ClassVar

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec.structs import replace
from redis import Redis

from sse_presence.domain import rules as spec
from sse_presence.domain.message import Message
from sse_presence.domain.model import Shown, rules_from
from sse_presence.domain.record import Record
from sse_presence.domain.signal import Heartbeat, Leave, Override, Typing
from sse_presence.settings import Settings
from sse_presence.store import keys
from sse_presence.store.client import Client
from sse_presence.store.store import Store
from tests.store.history import play
from tests.store.model import Partition

SHORT = Settings(retention=200_000, max_devices=2, last_seen_precision=60_000)
START = 1_700_000_000_000
USUAL = Heartbeat(device="d1", interval=15_000)

users = st.sampled_from(["ann", "b:*{x}/é"])
devices = st.sampled_from(["d1", "d2", "d3"])
channels = st.sampled_from(["c1", "c2"])
seqs = st.none() | st.integers(0, 3)
idles = st.sampled_from([0, 0, 4_000, 20_000, 31_000, 119_000, 120_000, 10**9, -5])
heartbeats = st.builds(
    Heartbeat,
    device=devices,
    idle_ms=idles,
    visible=st.booleans(),
    kind=st.sampled_from(["web", "mobile"]),
    interval=st.sampled_from([5_000, 15_000, 15_000, 60_000]),
    activity=st.sampled_from([None, None, "in_call", "driving"]),
    seq=seqs,
)
overrides = st.builds(
    Override,
    status=st.sampled_from(["online", "idle", "dnd", "invisible", "invisible"]),
    text=st.sampled_from([None, None, 'a "quoted"/text\r\n']),
    emoji=st.sampled_from([None, None, "🎧"]),
    expires_in=st.sampled_from([None, None, 1_000, 30_000, 100_000]),
)
typings = st.builds(Typing, device=devices, channel=channels, typing=st.booleans(), seq=seqs)
leaves = st.builds(Leave, device=devices, seq=seqs)
signals = st.tuples(users, heartbeats | overrides | typings | leaves)
steps = st.sampled_from(
    [
        *(1, 499, 500, 1_000, 3_000, 4_999, 5_000, 5_001, 9_999, 10_000, 29_000, 60_000, 599_000, 700_000),
        *(-1_000, -30_000),
    ]
)
"""Clocks may go back, too."""


def seen(record: Record) -> tuple[int, int, Any]:
    return record.version, record.last_seen, json.loads("{" + record.body + "}")


def expected(shown: Shown) -> tuple[int, int, Any]:
    return shown.version, shown.last_seen, json.loads("{" + shown.body + "}")


class Agreement(RuleBasedStateMachine):
    """Drives both and compares after every call."""

    url: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.now = START
        self.redis = Redis.from_url(self.url)
        self.redis.flushall()
        self.bus = self.redis.pubsub()  # type: ignore[no-untyped-call]
        self.bus.subscribe(keys.bus(0).decode())
        self.bus.get_message(timeout=5)
        self.seq = 0
        self.last = 0
        self.beats: dict[tuple[str, str], Heartbeat] = {}
        self.store = Store(Client(self.url), SHORT, clock=lambda: self.now)
        self.model = Partition(rules_from(SHORT), self.now)
        self.call(self.store.tick())

    def teardown(self) -> None:
        self.runner.run(self.store.close())
        self.runner.close()
        self.bus.close()
        self.redis.close()

    def call(self, awaitable: Any) -> Any:
        async def run() -> Any:
            return await awaitable

        self.model.begin(self.now)
        return self.runner.run(run())

    def check(self, *, marked: bool = False) -> None:
        """Compare what was published by the last call."""
        positions = self.runner.run(self.store.positions([0]))
        public, own, typing = {}, {}, {}
        while self.seq < positions[0][1]:
            payload = self.bus.get_message(timeout=5)
            assert payload is not None
            message = msgspec.msgpack.decode(payload["data"], type=Message)
            assert message.seq == self.seq + 1
            assert message.public or message.own or message.typing or message.mark
            self.seq = message.seq
            public.update({record.user: record for record in message.public})
            own.update({record.user: record for record in message.own})
            typing.update({entry.channel: entry for entry in message.typing})
            marked = marked or message.mark
        model = self.model.out
        assert {user: seen(record) for user, record in public.items()} == {
            user: expected(record) for user, record in model.public.items()
        }
        assert {user: seen(record) for user, record in own.items()} == {
            user: expected(record) for user, record in model.own.items()
        }
        assert {
            name: {entry.user: entry.expires_at for entry in shown.typists} for name, shown in typing.items()
        } == model.typing
        times = sorted({record.changed for record in (*public.values(), *own.values())})
        assert all(time >= self.model.now and time > self.last for time in times)
        self.last = max([self.last, *times])
        assert positions[0][2] >= self.last
        for name in {*public, *own}:
            self.model.adopt(
                name,
                public=public[name].changed if name in public else None,
                own=own[name].changed if name in own else None,
            )

    async def submit(self, user: str, signal: Heartbeat | Override | Typing | Leave) -> Any:
        if isinstance(signal, Heartbeat):
            return await self.store.heartbeat(user, signal)
        if isinstance(signal, Leave):
            return await self.store.leave(user, signal)
        if isinstance(signal, Override):
            return await self.store.status(user, signal)
        return await self.store.typing(user, signal)

    def compare(self, user: str, signal: Heartbeat | Override | Typing | Leave, answer: Any) -> None:
        if isinstance(signal, Override):
            assert seen(answer) == expected(self.model.choose(user, signal))
            return
        if isinstance(signal, Typing):
            newer = self.model.typing(user, signal)
        elif isinstance(signal, Heartbeat):
            self.beats[user, signal.device] = signal
            status, newer = self.model.heartbeat(user, signal)
            assert answer.status == status
        else:
            status, newer = self.model.leave(user, signal)
            assert answer.status == status
        assert (answer.stale, answer.seq, answer.time) == (newer is not None, newer, self.model.now)

    @rule(signal=signals)
    def one(self, signal: tuple[str, Any]) -> None:
        self.compare(*signal, self.call(self.submit(*signal)))
        self.check()

    @rule(batch=st.lists(signals, min_size=2, max_size=5))
    def several_in_one_call(self, batch: list[tuple[str, Any]]) -> None:
        async def submit() -> list[Any]:
            return await asyncio.gather(*(self.submit(*signal) for signal in batch))

        for signal, answer in zip(batch, self.call(submit()), strict=True):
            self.compare(*signal, answer)
        self.check()

    @rule(again=st.lists(st.tuples(users, devices, idles, seqs), min_size=1, max_size=3), other=signals)
    def much_as_before(self, again: list[tuple[str, str, int, int | None]], other: tuple[str, Any]) -> None:
        """Most heartbeats differ from the last by little or nothing."""
        beats = [
            (user, replace(self.beats.get((user, device), USUAL), device=device, idle_ms=idle_ms, seq=seq))
            for user, device, idle_ms, seq in again
        ]
        self.several_in_one_call([*beats, other] if len(beats) > 2 else beats)

    @rule(user=users, names=st.permutations(["d1", "d2"]), tags=st.permutations(["in_call", "driving"]))
    def two_devices_at_once(self, user: str, names: list[str], tags: list[str]) -> None:
        beats = [
            Heartbeat(device=name, interval=15_000, activity=tag)
            for name, tag in zip(names, tags, strict=True)
        ]
        self.several_in_one_call([(user, beat) for beat in beats])

    @rule(user=users, device=devices, renews=st.booleans())
    def stream(self, user: str, device: str, *, renews: bool) -> None:
        interval = self.call(self.store.renew(user, device) if renews else self.store.closed(user, device))
        assert interval == (self.model.renew if renews else self.model.closed)(user, device)
        self.check()

    @rule()
    def read(self) -> None:
        names = ["ann", "nobody", "b:*{x}/é"]
        reading = self.call(self.store.read(names))
        for record in reading.records:
            shown = self.model.apply(record.user, lambda user: user).public
            if record.user in self.model.users:
                assert seen(record) == expected(shown)
            else:
                assert (record.version, record.body) == (0, '"status":"offline"')
        self.check()
        own = self.call(self.store.own("ann")).records[0]
        if "ann" in self.model.users:
            assert seen(own) == expected(self.model.apply("ann", lambda user: user).own)
        self.check()

    @rule(channel=channels)
    def list_typing(self, channel: str) -> None:
        (answer,) = self.call(self.store.typing_in([channel]))
        assert {entry.user: entry.expires_at for entry in answer.typists} == self.model.lists(channel)
        assert answer.count == len(answer.typists)
        self.check()

    @rule(step=steps)
    def time_passes(self, step: int) -> None:
        self.now += step

    @rule(step=st.sampled_from([4_999, 5_000, 5_001]))
    def silence(self, step: int) -> None:
        self.sweep()
        self.now += step

    @rule(step=st.sampled_from([700, 1_000, 2_500, 4_000]), count=st.integers(1, 40))
    def time_passes_with_sweeps(self, step: int, count: int) -> None:
        for _ in range(count):
            self.now += step
            self.sweep()

    @rule()
    def sweep(self) -> None:
        self.call(self.store.tick())
        self.model.tick(SHORT.sweep // 2)
        self.check()

    @invariant()
    def outages_are_the_same(self) -> None:
        meta = self.redis.get(keys.script_keys(0)[0])
        assert isinstance(meta, bytes)
        mark, outages = itemgetter(3, 7)(msgspec.msgpack.decode(meta))
        assert (mark, outages) == (self.model.mark, len(self.model.outages))

    @invariant()
    def timers_are_lower_bounds(self) -> None:
        for name, user in self.model.users.items():
            due = spec.next_timer(user, self.model.rules)
            hot = self.redis.hget(keys.users(0) + name, "h")
            if due is not None and hot is not None and user.outages == len(self.model.outages):
                assert isinstance(hot, bytes)
                (armed,) = struct.unpack("<d", hot[:8])
                assert armed <= due
                assert self.redis.zscore("presence:{0}:due", name) == armed

    @initialize()
    def begin(self) -> None:
        self.model.begin(self.now)


def test_script_agrees_with_rules(store_url: str) -> None:
    """Answers, records, versions, publications and timers are the same under any history."""
    Agreement.url = store_url
    play(Agreement, 60)
