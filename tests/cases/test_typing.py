"""Who types: what restarts, lost stops, late starts and eager keyboards may and may not show.

That a hub leaves the viewer's own typing out is in `tests/fanout/test_hub.py`; here it is so over processes.
"""

from __future__ import annotations

import asyncio
import itertools
import signal
import time
from typing import Any

import pytest

from tests.cases.caller import LATE, SHORT
from tests.cases.conftest import Call
from tests.conftest import Events, Serve, StartLive
from tests.stream import CEILING, Stream

Entries = dict[str, int]
"""Who types, and for how long it holds without a refresh."""

TTL = 4
SLOW = SHORT | {"typing_ttl": TTL}
DELAY = SHORT["sweep"] + SHORT["typing_window"]


def lists(stream: Stream, channel: str = "room") -> list[Entries]:
    """Every list of a channel so far."""
    found = []
    for event in stream.received:
        for told in event.data["channels"] if event.name == "typing" else []:
            if told["channel"] == channel:
                assert told["count"] == len(told["typing"])
                found.append({entry["user"]: entry["expires_in"] for entry in told["typing"]})
    return found


async def listed(stream: Stream, *users: str, channel: str = "room", seconds: float = CEILING) -> Entries:
    """The newest list of a channel, once it names exactly these users."""
    try:
        async with asyncio.timeout(seconds):
            while not (seen := lists(stream, channel)) or seen[-1].keys() != set(users):  # noqa: ASYNC110 - streams set no event
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise AssertionError(f"Not {users} in {seconds} s: {stream.received}") from None
    return seen[-1]


def names(stream: Stream) -> list[list[str]]:
    """Who was in each list so far."""
    return [sorted(entries) for entries in lists(stream)]


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
async def test_c17_the_server_restarts_while_someone_types(
    serve: Serve, events: Events, call: Call, ending: signal.Signals
) -> None:
    """A watcher that comes back sees the rest of the entry's own time, then its end; a later one nothing."""
    first = serve(**SLOW)
    async with events(first.url, "alice", channels=["room"]) as watcher:
        await listed(watcher)
        alice = call(first.url, "alice")
        await alice.beat()
        begin = time.monotonic()
        await alice.types()
        assert 0 < (await listed(watcher, "alice"))["alice"] <= TTL * 1000
        last = watcher.last_id
        first.stop(ending)
    second = serve(**SLOW)
    async with events(second.url, "alice", channels=["room"], last=last) as watcher:
        await listed(watcher, seconds=TTL + DELAY + LATE)
        over = time.monotonic()
        assert over <= begin + TTL + DELAY + LATE
        shown = lists(watcher)
        assert names(watcher) in ([["alice"], []], [[]])
        if "alice" in shown[0]:
            assert shown[0]["alice"] <= (TTL - 0.1) * 1000, "a restart is no refresh"
            assert over >= begin + TTL - 0.05
        last = watcher.last_id
    for cursor in (last, None):
        async with events(second.url, "alice", channels=["room"], last=cursor) as watcher:
            assert (await watcher.next("typing")).data["channels"] == [
                {"channel": "room", "typing": [], "count": 0}
            ]


@pytest.mark.parametrize("how", ["stop", "ttl", "leave-and-ttl"])
async def test_c17_typing_ends_while_the_watcher_is_cut(
    live: StartLive, events: Events, call: Call, how: str
) -> None:
    """Whatever it remembers and wherever it comes back, it is told that nobody types."""
    nodes = [await live(**SHORT) for _ in range(2)]
    alice = call(nodes[0].url, "alice")
    await alice.beat()
    await alice.types()
    async with events(nodes[0].url, "alice", channels=["room"]) as watcher:
        await listed(watcher, "alice")
        last = watcher.last_id
    if how == "stop":
        await alice.types(typing=False)
    else:
        if how == "leave-and-ttl":
            await alice.leave()
        await asyncio.sleep(SHORT["typing_ttl"] + 0.05)
    for node in nodes:
        for cursor in (last, None):
            async with events(node.url, "alice", channels=["room"], last=cursor) as watcher:
                hello = await watcher.next("hello")
                assert hello.data["resumed"] is (cursor is not None)
                await watcher.next("typing")
                await watcher.quiet(0.3)
                assert lists(watcher) == [{}]


async def test_c17_each_entry_carries_its_own_time(live: StartLive, events: Events, call: Call) -> None:
    """In live lists as in those of a new stream, and each ends at its own time."""
    node = await live(**SLOW)
    async with events(node.url, channels=["room", "empty"]) as watcher:
        begin: dict[str, float] = {}
        for user in ("alice", "bob", "carol"):
            await call(node.url, user).types()
            begin[user] = time.monotonic()
            told = await listed(watcher, *begin)
            assert told[user] > (TTL - 1) * 1000 - LATE * 1000 / 5
            await asyncio.sleep(0.8)
        async with events(node.url, channels=["room"]) as late:
            for entries in (told, await listed(late, *begin)):
                assert entries["alice"] + 700 <= entries["bob"]
                assert entries["bob"] + 700 <= entries["carol"] <= TTL * 1000
        for left in (("bob", "carol"), ("carol",), ()):
            await listed(watcher, *left, seconds=TTL + LATE)
            (gone,) = set(begin) - set(left)
            assert time.monotonic() >= begin.pop(gone) + TTL - 0.05
        assert lists(watcher, "empty") == [{}]


SIGNALS: tuple[dict[str, Any], ...] = (
    {"typing": True, "seq": 5},
    {"typing": False, "seq": 6},
    {"typing": True, "seq": 5},
)


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize("known", [True, False])
async def test_c18_a_late_start_never_overtakes_a_stop(
    live: StartLive, events: Events, call: Call, processes: int, *, known: bool
) -> None:
    """In every order, one after another over both processes, each order in a channel of its own."""
    nodes = [await live(**SLOW) for _ in range(processes)]
    orders = sorted(set(itertools.permutations((0, 1, 2))))
    rooms = [f"room-{number}" for number in range(len(orders))]
    async with events(nodes[-1].url, channels=rooms) as watcher:
        await watcher.next("typing")
        if known:
            await call(nodes[0].url, "alice").beat()
        for room, order in zip(rooms, orders, strict=True):
            for step, number in enumerate(order):
                answer = await call(nodes[step % processes].url, "alice").types(room, **SIGNALS[number])
                late = number != 1 and 1 in order[:step]
                assert (answer.get("stale"), answer.get("seq")) == ((True, 6) if late else (None, None))
            await listed(watcher, channel=room)
        await asyncio.sleep(DELAY + 0.2)
        for room, order in zip(rooms, orders, strict=True):
            assert len(lists(watcher, room)) <= 3, "nothing after the stop"
            assert not lists(watcher, room)[-1], order
        async with events(nodes[0].url, channels=rooms) as fresh:
            await fresh.next("typing")
            assert [lists(fresh, room) for room in rooms] == [[{}]] * len(rooms)


async def test_c18_all_at_once(live: StartLive, events: Events, call: Call) -> None:
    """Sent together to two processes the store takes them in some order: none leaves anyone typing."""
    nodes = [await live(**SLOW) for _ in range(2)]
    rooms = [f"room-{number}" for number in range(30)]
    callers = [call(node.url, "alice") for node in nodes]
    async with events(nodes[0].url, channels=rooms) as watcher:
        await watcher.next("typing")
        await asyncio.gather(
            *(
                callers[(step + number) % 2].types(room, **fields)
                for number, room in enumerate(rooms)
                for step, fields in enumerate(SIGNALS)
            )
        )
        await asyncio.sleep(DELAY + 0.3)
        async with events(nodes[1].url, channels=rooms) as fresh:
            await fresh.next("typing")
            for room in rooms:
                await listed(watcher, channel=room)
                assert lists(fresh, room) == [{}]


async def test_c18_order_is_kept_by_device_and_channel(live: StartLive, events: Events, call: Call) -> None:
    """Low is late only after a higher one of this device in this channel; an equal one is a retry."""
    node = await live(**SLOW)
    alice = call(node.url, "alice")
    async with events(node.url, channels=["room", "other"]) as watcher:
        await watcher.next("typing")
        await alice.types(typing=False, seq=6)
        assert "stale" not in await alice.types("other", seq=1)
        await listed(watcher, "alice", channel="other")
        assert "stale" not in await alice.types(device="phone", seq=1)
        await listed(watcher, "alice")
        assert "stale" not in await alice.types(device="phone", typing=False, seq=2)
        await listed(watcher)
        assert "stale" not in await alice.types(seq=6)
        await listed(watcher, "alice")
        await alice.beat(seq=1)  # heartbeats have an order of their own
        assert "stale" not in await alice.types(seq=7, typing=False)
        await listed(watcher)


async def test_c19_own_devices_get_nothing(live: StartLive, events: Events, call: Call) -> None:
    """On no device, at no process, neither live nor on connecting; others see it as ever."""
    nodes = [await live(**SLOW) for _ in range(2)]
    async with (
        events(nodes[0].url, "alice", channels=["room"], me="alice", device="laptop") as laptop,
        events(nodes[1].url, "alice", channels=["room"], me="alice", device="phone") as phone,
        events(nodes[1].url, channels=["room"]) as watcher,
    ):
        for stream in (laptop, phone, watcher):
            await stream.next("typing")
        alice = call(nodes[0].url, "alice")
        await alice.beat()
        await alice.types()
        await listed(watcher, "alice")
        async with events(nodes[0].url, channels=["room"], me="alice", device="tablet") as tablet:
            await listed(tablet)
            await asyncio.sleep(0.5)
            assert lists(tablet) == [{}]
        await call(nodes[1].url, "bob").types()
        for stream in (laptop, phone):
            await listed(stream, "bob")
        await listed(watcher, "alice", "bob")
        await alice.types(typing=False)
        await listed(watcher, "bob")
        await asyncio.sleep(0.5)
        for stream in (laptop, phone):
            assert all("alice" not in entries for entries in lists(stream))
            assert names(stream) == [[], ["bob"]], "and no list that says nothing new"


async def test_c19_ten_starts_a_second(live: StartLive, events: Events, call: Call) -> None:
    """One start, then refreshes no more often than every half TTL and each before the last entry lapses."""
    node = await live(**SLOW)
    alice = call(node.url, "alice")
    async with events(node.url, channels=["room"]) as watcher:
        await listed(watcher)
        begin = time.monotonic()
        await alice.beat()
        while time.monotonic() < begin + 1.6 * TTL:
            await alice.types()
            await asyncio.sleep(0.1)
        typed = time.monotonic() - begin
        told = [event for event in watcher.received if event.name == "typing"][1:]
        assert 1 + int(typed / TTL) <= len(told) <= 1 + int(typed / (TTL / 2))
        for before, after in itertools.pairwise(told):
            gap = after.at - before.at
            assert gap >= TTL / 2 - 0.3
            assert gap * 1000 <= before.data["channels"][0]["typing"][0]["expires_in"]
        assert names(watcher) == [[]] + [["alice"]] * len(told), "never gone in between"
        await alice.types(typing=False)
        await listed(watcher)


async def test_c19_a_user_types_while_any_device_does(live: StartLive, events: Events, call: Call) -> None:
    nodes = [await live(**SLOW) for _ in range(2)]
    alice = call(nodes[0].url, "alice")
    elsewhere = call(nodes[1].url, "alice")
    async with events(nodes[1].url, channels=["room"]) as watcher:
        await listed(watcher)
        await alice.types(device="laptop")
        await listed(watcher, "alice")
        await elsewhere.types(device="phone", typing=False)  # never began
        await elsewhere.types(device="phone")
        await alice.types(device="laptop", typing=False)
        await watcher.quiet(0.5)
        assert names(watcher) == [[], ["alice"]]
        await elsewhere.types(device="phone", typing=False)
        await listed(watcher)
        assert names(watcher) == [[], ["alice"], []]
