"""Membership in the scripts is what the specification says, however what is told of it is lost or delayed.

Readings taken from the outbox are letters: delivered late, twice, out of order, together or never, and
confirmed only once all of their lines were taken. After quiet the rolls are what others should see.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
)
from msgspec.structs import replace
from redis import Redis

from sse_presence.domain.members import LEASE
from sse_presence.domain.membership import CLAIMED, Taken
from sse_presence.domain.message import Message
from sse_presence.domain.model import rules_from
from sse_presence.domain.roll import Roll, by_bytes
from sse_presence.domain.signal import Heartbeat, Leave, Override
from sse_presence.settings import Settings
from sse_presence.store import keys
from sse_presence.store.beat import packed
from sse_presence.store.client import Client
from sse_presence.store.script import Operation, Reply, packed_operations, packed_rules
from tests.store.history import play
from tests.store.membership_model import Channels, Line

RULES = replace(rules_from(Settings(max_devices=2, forgiven_outage=600_000)), listed=2)
START = 1_700_000_000_000
CHANNELS = ("a", "é", "z")

users = st.sampled_from(["ann", "bob", "é{*}", "zoe"])
devices = st.sampled_from(["d1", "d2", "d3"])
heartbeats = st.builds(
    Heartbeat,
    device=devices,
    interval=st.sampled_from([15_000, 60_000]),
    channels=st.lists(st.sampled_from(CHANNELS), max_size=3).map(tuple),
    seq=st.none() | st.integers(0, 2),
)
leaves = st.builds(Leave, device=devices)
overrides = st.builds(Override, status=st.sampled_from(["online", "dnd", "invisible", "invisible"]))
signals = st.tuples(users, heartbeats | leaves | overrides)
steps = st.sampled_from(
    [*(1, 1_000, 1_999, 2_000, 5_001, 10_000, 45_000, 90_000, 120_000, 300_000, 300_001), -1_000]
)


def operation(user: str, signal: Heartbeat | Leave | Override) -> Operation:
    """A signal as the store sends it."""
    if isinstance(signal, Leave):
        return "leave", user, signal.device, -1
    if isinstance(signal, Override):
        return "choose", user, signal.status, False, False, False
    return packed(0, user, signal)


def lines_of(reading: Taken) -> list[Line]:
    present = [(channel, reading.user, reading.fence, True) for channel in reading.channels]
    return present + [(channel, reading.user, reading.fence, False) for channel in sorted(reading.owed)]


class MembershipAgreement(RuleBasedStateMachine):
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
        self.seq = self.fence = self.recalls = self.changed = 0
        self.client = Client(self.url)
        self.model = Channels(RULES, self.now)
        self.letters: list[Taken] = []
        self.run(("tick", 0))
        self.model.tick(0)
        self.check()

    def teardown(self) -> None:
        self.runner.run(self.client.close())
        self.runner.close()
        self.bus.close()
        self.redis.close()

    def run(self, *operations: Operation) -> tuple[Any, ...]:
        """One call of the script; its results."""
        self.model.begin(self.now)
        answer = self.runner.run(
            self.client.run(
                keys.script_keys(0),
                str(self.now).encode(),
                packed_rules(RULES, 0, keys.bus(0), "PUBLISH"),
                b"one",
                packed_operations(operations),
            )
        )
        self.reply = msgspec.msgpack.decode(answer, type=Reply)
        return self.reply.results

    def check(self) -> None:
        """Compare what was published of rolls by the last call, and the outbox."""
        told: dict[str, Roll] = {}
        while self.seq < self.reply.seq:
            payload = self.bus.get_message(timeout=5)
            assert payload is not None
            message = msgspec.msgpack.decode(payload["data"], type=Message)
            self.seq = message.seq
            told = {roll.channel: roll for roll in message.rolls}
            assert len(told) == len(message.rolls)
            for roll in message.rolls:
                assert self.changed < roll.changed <= message.time
                self.changed = roll.changed
        assert {name: replace(roll, changed=0) for name, roll in told.items()} == self.model.changes()
        outbox: Any = self.redis.zrange(keys.script_keys(0)[4], 0, -1, withscores=True)
        assert {name.decode(): int(due) for name, due in outbox} == self.model.due()

    # What users do

    @rule(batch=st.lists(signals, min_size=1, max_size=3))
    def signal(self, batch: list[tuple[str, Heartbeat | Leave | Override]]) -> None:
        self.run(*(operation(*one) for one in batch))
        for user, signal in batch:
            if isinstance(signal, Heartbeat):
                self.model.heartbeat(user, signal)
            elif isinstance(signal, Leave):
                self.model.leave(user, signal)
            else:
                self.model.choose(user, signal)
        assert self.reply.owing == self.model.owing
        self.check()

    @rule(user=users, device=devices)
    def closed(self, user: str, device: str) -> None:
        self.run(("closed", user, device))
        self.model.closed(user, device)
        self.check()

    # What time does

    @rule(step=steps)
    def time_passes(self, step: int) -> None:
        self.now += step

    @rule(step=st.sampled_from([1_000, 4_000]), count=st.sampled_from([1, 2, 10, 30, 90]))
    def time_passes_with_sweeps(self, step: int, count: int) -> None:
        for _ in range(count):
            self.now += step
            self.sweep()

    @rule()
    def sweep(self) -> None:
        self.run(("tick", 0))
        self.model.tick(0)
        assert self.reply.owing == self.model.owing
        self.check()

    # What drainers do

    @rule()
    def take(self) -> None:
        ((found, more),) = self.run(("take",))
        readings = {}
        for name, fence, channels, owed, confirm in found:
            assert fence > self.fence
            self.fence = fence
            listed = tuple(channels.split("\n")) if channels else ()
            readings[name] = Taken(name, fence, listed, frozenset(owed), confirm)
        waiting = self.model.waiting()
        expected = [
            self.model.take(name, readings[name].fence if name in readings else 0) for name in waiting
        ]
        assert {reading.user: reading for reading in expected if reading is not None} == readings
        assert more is False
        self.letters = [*self.letters, *readings.values()][-12:]
        self.check()

    def deliver(self, letters: Sequence[Taken]) -> None:
        lines = [line for letter in letters for line in lines_of(letter)]
        (taken,) = self.run(("enter", lines))
        assert taken == self.model.enter(lines)
        self.check()
        if taken:
            confirmed = [(letter.user, letter.fence) for letter in letters if letter.confirm]
            self.run(("told", confirmed))
            for user, fence in confirmed:
                self.model.told(user, fence)
            self.check()

    @precondition(lambda self: self.letters)
    @rule(data=st.data(), keep=st.booleans())
    def some_arrive(self, data: st.DataObject, *, keep: bool) -> None:
        letters = data.draw(st.lists(st.sampled_from(self.letters), min_size=1, max_size=4))
        self.deliver(letters)
        if not keep:
            self.letters = [letter for letter in self.letters if letter not in letters]

    @precondition(lambda self: self.letters)
    @rule(data=st.data())
    def a_line_arrives(self, data: st.DataObject) -> None:
        lines = lines_of(data.draw(st.sampled_from(self.letters)))
        if lines:
            line = data.draw(st.sampled_from(lines))
            assert self.run(("enter", [line]))[0] == self.model.enter([line])
            self.check()

    @precondition(lambda self: self.letters)
    @rule(data=st.data())
    def one_is_lost(self, data: st.DataObject) -> None:
        self.letters.remove(data.draw(st.sampled_from(self.letters)))

    @rule(again=st.booleans())
    def recall(self, *, again: bool) -> None:
        self.recalls += not again
        self.run(("recall", str(self.recalls)))
        self.model.recall(str(self.recalls))
        self.check()

    # What watchers see

    @rule()
    def read(self) -> None:
        (rolls,) = self.run(("rolls", CHANNELS))
        for roll in msgspec.convert(rolls, list[Roll]):
            members = None if roll.members is None else by_bytes(roll.members)
            assert replace(roll, members=members, changed=0) == self.model.roll(roll.channel)
            assert roll.changed >= self.changed
        self.check()

    @rule(recall=st.booleans())
    def quiet(self, *, recall: bool) -> None:
        """Whatever happened: nobody is where it is not, and after a recall everybody is where it is."""
        old = self.letters
        self.now += CLAIMED
        if recall:
            self.recall(again=False)
        self.sweep()
        while self.model.waiting():
            self.letters = []
            self.take()
            self.deliver(self.letters)
        self.letters = []
        if old:
            self.deliver(old)
        for channel in CHANNELS:
            present = set(self.model.load(channel).present)
            truth = self.model.truth(channel)
            assert present == truth if recall else present <= truth
        self.model.before = {}

    @invariant()
    def timers_are_lower_bounds(self) -> None:
        for channel, members in self.model.members.items():
            timer = self.redis.zscore(keys.script_keys(0)[5], channel)
            if members.present:
                outage = self.model.outages[-1].end if self.model.outages else 0
                assert timer is not None
                assert timer <= max(min(members.present.values()), outage) + LEASE
                assert self.redis.zcard(keys.rolls(0) + channel) == len(members.present)


def test_scripts_agree_on_membership(store_url: str) -> None:
    """Outbox, rolls and what is published of them are the same under any history."""
    MembershipAgreement.url = store_url
    play(MembershipAgreement, 60)
