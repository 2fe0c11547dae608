"""Short absences and quick changes of mind: nobody sees what did not last."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.cases.caller import SHORT, Caller
from tests.cases.conftest import Call
from tests.cases.sight import becomes, history
from tests.conftest import Events, StartLive

RETURNS = {
    # signal, device, seq; a third of a second apart
    "another-device": ("leave old", "beat new"),
    "the-same-device": ("leave old", "beat old"),
    "leaves-twice": ("leave old", "leave old", "beat new"),
    "comes-first": ("beat new", "leave old"),
    "types": ("leave old", "types old"),
    "late-leave": ("beat new", "leave old", "leave old 9"),
    "retried-leave": ("leave old 2", "beat old 3", "leave old 2"),
    "unknown-device": ("leave never",),
    "reloads": ("leave old", "beat 1", "leave 1", "beat 2", "leave 2", "beat 3"),
}


async def signal(caller: Caller, step: str) -> None:
    what, device, *seq = step.split()
    fields = {"seq": int(seq[0])} if seq else {}
    match what:
        case "beat":
            await caller.beat(device, **fields)
        case "leave":
            await caller.leave(device, **fields)
        case "types":
            await caller.types(device=device)


async def test_c07_leaves_and_comes_back(live: StartLive, events: Events, call: Call) -> None:
    """No delta, whichever process hears of it, and the record stays what it was."""
    nodes = [await live(**SHORT | {"grace": 2}) for _ in range(2)]

    async def come_and_go(user: str) -> None:
        callers = [call(node.url, user) for node in nodes]
        await callers[0].beat("old", seq=1)
        first = (await callers[1].ask()).records[user]
        await asyncio.sleep(0.5)
        for number, step in enumerate(RETURNS[user]):
            await signal(callers[number % 2], step)
            await asyncio.sleep(0.35)
        kept = [step.split()[1] for step in ("beat old", *RETURNS[user]) if not step.startswith("leave")][-1]
        async with callers[1].beating(0.4, kept):
            await asyncio.sleep(3.5)  # all that was left behind is dead by now
            assert (await callers[0].ask()).records[user] == first
            for stream in (one, other):
                assert stream.statuses(user) == ["offline", "online"], user

    async with events(nodes[0].url, *RETURNS) as one, events(nodes[1].url, *RETURNS) as other:
        await asyncio.gather(*(come_and_go(user) for user in RETURNS))


@pytest.mark.parametrize("presence_window", [0.2, 2])
async def test_c07_many_toggles(live: StartLive, events: Events, call: Call, presence_window: float) -> None:
    """At most one record a window, the last of them the final one, and never a step back."""
    nodes = [await live(**SHORT | {"presence_window": presence_window}) for _ in range(2)]
    alice = call(nodes[0].url, "alice")
    async with events(nodes[1].url, "alice") as watcher, alice.beating():
        await becomes(watcher, "alice", "online")
        began = time.monotonic()
        for number, status in enumerate((*10 * ("dnd", "online"), "idle")):
            await alice.choose(status, text=f"change {number}")
        took = time.monotonic() - began
        await becomes(watcher, "alice", "idle")
        await watcher.quiet(presence_window + 0.3)
        seen = [entry.record for entry in history(watcher, "alice")]
        assert 3 <= len(seen) <= 3 + took / presence_window, seen
        assert seen[-1]["text"] == "change 20"
        assert seen[-1] == (await call(nodes[0].url, "bob").ask("alice")).records["alice"]
        versions = [record["version"] for record in seen]
        assert versions == sorted(set(versions))


async def test_c07_a_change_that_is_taken_back(live: StartLive, events: Events, call: Call) -> None:
    """What is as it was after the window may be told once, with its newer version, and never twice."""
    node = await live(**SHORT | {"presence_window": 1.5})
    alice, bob = call(node.url, "alice"), call(node.url, "bob")
    async with events(node.url, "alice", "bob") as watcher, alice.beating(), bob.beating():
        await becomes(watcher, "bob", "online")
        await watcher.quiet(1.7)
        began = time.monotonic()
        await bob.choose("dnd")  # opens the window
        for _ in range(10):
            await alice.choose("dnd")
            await alice.choose("online")
        took = time.monotonic() - began
        await asyncio.sleep(2)
        seen = [entry.record for entry in history(watcher, "alice")]
        assert [record["status"] for record in seen[:2]] == ["offline", "online"]
        assert len(seen) <= 3 + took / 1.5, seen
        assert seen[-1] == (await bob.ask("alice")).records["alice"]


async def test_c07_unchanged_signals_tell_nothing(live: StartLive, events: Events, call: Call) -> None:
    """A thousand heartbeats, or the same choice again and again, are no news."""
    node = await live(**SHORT)
    alice = call(node.url, "alice")
    async with events(node.url, "alice") as watcher:
        await watcher.next("snapshot")
        await alice.beat()
        await alice.choose("dnd", text="same", emoji="🙂")
        await becomes(watcher, "alice", "dnd")
        before = await alice.ask()
        for _ in range(10):
            await asyncio.gather(*(alice.beat(idle_ms=n) for n in range(20)))
            await alice.choose("dnd", text="same", emoji="🙂")
        await watcher.quiet(0.6)
        assert (await alice.ask()).records == before.records
