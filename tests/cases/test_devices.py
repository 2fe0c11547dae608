"""Several devices of one user, what it chose to show, and input: what wins, what lasts, what wakes.

Devices that leave and come back at once are in `test_flicker`.
"""

from __future__ import annotations

import asyncio
import signal
import time
from typing import Any

import pytest

from tests.cases.caller import LATE, SHORT
from tests.cases.conftest import Call
from tests.cases.sight import becomes, history, shown
from tests.conftest import Events, Serve, StartLive

DELAY = SHORT["sweep"] + SHORT["presence_window"]
LONG: dict[str, Any] = {"interval_ms": 4_000}
"""A heartbeat that lasts for twelve seconds."""
AWAY: dict[str, Any] = {"idle_ms": 60_000}
"""A heartbeat long after the last input."""
DRAINING: dict[str, Any] = {"drain": 0.2}

STRENGTH = ["offline", "idle", "online"]
"""A device does not lower what another one makes of the user."""

WALK = ["online", "idle", "online", "offline", "idle", "offline"]
"""Every step from one state of a device to another; the last back to where it began."""


@pytest.mark.parametrize("hidden", [False, True])
async def test_c09_active_and_idle_by_turns(
    live: StartLive, events: Events, call: Call, *, hidden: bool
) -> None:
    """One delta at the start; one, to idle, when the active device dies; a last one at the end."""
    nodes = [await live(**SHORT) for _ in range(2)]
    active, idle = (call(node.url, "alice") for node in nodes)
    async with events(nodes[0].url, "alice") as one, events(nodes[1].url, "alice") as other:
        for stream in (one, other):
            await stream.next("snapshot")
        for _ in range(40):
            await active.beat("laptop")
            await asyncio.sleep(0.05)
            await idle.beat("phone", visible=not hidden, **AWAY)
            await asyncio.sleep(0.05)
        assert one.statuses("alice") == other.statuses("alice") == ["offline", "online"]
        async with idle.beating(0.1, "phone", visible=not hidden, **AWAY):
            await becomes(one, "alice", "idle")
            await one.quiet(0.5)
        await becomes(one, "alice", "offline")
        await becomes(other, "alice", "offline")
        for stream in (one, other):
            assert stream.statuses("alice") == ["offline", "online", "idle", "offline"]


async def test_c09_every_pair_of_states(live: StartLive, events: Events, call: Call) -> None:
    """One device takes every step while another stays as it is: the strongest is shown, each step once."""
    nodes = [await live(**SHORT) for _ in range(2)]
    beats = {"online": LONG, "idle": LONG | AWAY}

    async def take(user: str, beside: str) -> None:
        first, second = (call(node.url, user) for node in nodes)
        async with events(nodes[0].url, user) as watcher:
            await watcher.next("snapshot")
            expected = ["offline"]
            for step in WALK:
                if beside != "offline":
                    await second.beat("phone", **beats[beside])
                if len(expected) == 1 and beside != "offline":
                    expected.append((await becomes(watcher, user, beside)).status)
                if step == "offline":
                    await first.leave("laptop")
                else:
                    await first.beat("laptop", **beats[step])
                both = max(step, beside, key=STRENGTH.index)
                if both != expected[-1]:
                    expected.append(both)
                seen = await shown(watcher, user, len(expected) - 1)
                assert seen.record["version"] == len(expected) - 1
                await watcher.quiet(SHORT["grace"] + 2 * DELAY)
                assert watcher.statuses(user) == expected, step
                for caller in (first.at(nodes[0].url), second):
                    assert (await caller.ask()).status(user) == both

    await asyncio.gather(*(take(f"beside-{beside}", beside) for beside in STRENGTH))


@pytest.mark.parametrize("gap", [0.0, 1.0])
async def test_c10_only_the_last_to_leave(live: StartLive, events: Events, call: Call, gap: float) -> None:
    nodes = [await live(**SHORT) for _ in range(2)]
    users = {"alike": ["web"] * 3, "different": ["web", "mobile", "desktop"]}

    async def visit(user: str) -> None:
        for number, kind in enumerate(users[user]):
            await call(nodes[number % 2].url, user).beat(f"device-{number}", kind=kind, **LONG)
        await becomes(watcher, user, "online")
        for number in range(3):
            await asyncio.sleep(gap)
            assert "offline" not in watcher.statuses(user)[1:]
            await call(nodes[-number % 2].url, user).leave(f"device-{number}")
        left = time.monotonic()
        gone = await becomes(watcher, user, "offline")
        assert left + SHORT["grace"] - 0.1 <= gone.at <= left + SHORT["grace"] + DELAY + LATE

    async with events(nodes[0].url, *users) as watcher:
        await watcher.next("snapshot")
        await asyncio.gather(*(visit(user) for user in users))
        await watcher.quiet(DELAY + 0.3)
        assert watcher.statuses("alike") == ["offline", "online", "offline"]
        for user in users:
            statuses = watcher.statuses(user)
            assert statuses[0] == statuses[-1] == "offline"
            assert set(statuses[1:-1]) == {"online"}


async def test_c11_devices_on_two_nodes_and_one_is_killed(
    live: StartLive, serve: Serve, events: Events, call: Call
) -> None:
    """The user stays; what is left of its devices is told once; all nodes answer alike throughout."""
    killed, node, other = serve(**SHORT), await live(**SHORT), await live(**SHORT)
    alice = call(node.url, "alice")
    async with (
        events(other.url, "alice") as watcher,
        events(killed.url, me="alice", device="laptop"),
        events(node.url, me="alice", device="phone"),
    ):
        await watcher.next("snapshot")
        await call(killed.url, "alice").beat("laptop")
        async with alice.beating(0.5, "phone", kind="mobile"):
            urls = [killed.url, node.url, other.url]
            begin, version = time.monotonic(), 0
            told: dict[int, dict[str, Any]] = {}
            while time.monotonic() < begin + 6:
                if len(urls) == 3 and time.monotonic() > begin + 1.5:
                    killed.kill()
                    urls.remove(killed.url)
                for url in urls:
                    record = (await call(url, "bob").ask("alice")).records["alice"]
                    assert record["status"] == "online"
                    assert record["version"] >= version
                    version = record["version"]
                    assert told.setdefault(version, record) == record
                await asyncio.sleep(0.1)
            await watcher.quiet(0.5)
            assert set(watcher.statuses("alice")[1:]) == {"online"}
            assert [entry.record.get("devices") for entry in history(watcher, "alice")][-2:] == [
                ["mobile", "web"],
                ["mobile"],
            ]
        await alice.leave("phone")  # its stream would keep it
        await becomes(watcher, "alice", "offline")


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
async def test_c13_dnd_outlasts_everything(
    serve: Serve, events: Events, call: Call, ending: signal.Signals
) -> None:
    """Signals, devices, streams and a restart never end it; only death hides it, and it comes back."""
    settings = SHORT | DRAINING
    node = serve(**settings)
    alice = call(node.url, "alice")
    async with events(node.url, "alice") as watcher:
        await watcher.next("snapshot")
        await alice.beat(**LONG)
        await alice.choose("dnd", text="deep work", emoji="🎧")
        chosen = (await becomes(watcher, "alice", "dnd")).record
        for number in range(3):
            async with events(node.url, "alice", me="alice", device="laptop"):
                await alice.beat(**LONG)
                await alice.types()
                await alice.beat("phone", **LONG)
                await alice.types(device="phone", typing=False)
                await alice.beat(visible=False, **LONG | AWAY)
            await alice.beat(f"tab-{number}", **LONG)
            await alice.leave(f"tab-{number}")
            await asyncio.sleep(0.3)
        await watcher.quiet(SHORT["grace"] + DELAY)
        assert history(watcher, "alice")[-1].record == chosen
        last = watcher.last_id
    node.stop(ending)
    node = serve(**settings)
    alice = alice.at(node.url)
    async with events(node.url, "alice", last=last) as watcher:
        assert (await watcher.next("hello")).data["resumed"]
        assert (await alice.at(node.url).ask()).status("alice") == "dnd"
        await alice.beat(**LONG)
        await alice.beat("phone", **LONG)
        await watcher.quiet(1)
        assert all(entry.record == chosen for entry in history(watcher, "alice")), "not told anew"
        for device in ("laptop", "phone"):
            await alice.leave(device)
        gone = (await becomes(watcher, "alice", "offline")).record
        assert gone.keys() <= {"user", "status", "version", "last_seen"}
        own = (await alice.ask()).records["alice"]
        assert (own["status"], own["override"]["text"]) == ("offline", "deep work")
        await alice.beat(**LONG)
        back = (await becomes(watcher, "alice", "dnd")).record
        assert back == chosen | {"version": gone["version"] + 1}
        await alice.choose("online")
        ended = (await becomes(watcher, "alice", "online")).record
        assert ended["version"] == back["version"] + 1
        assert not {"text", "emoji"} & ended.keys()


@pytest.mark.parametrize("restart", [False, True])
async def test_c13_dnd_ends_at_its_time(
    serve: Serve, live: StartLive, events: Events, call: Call, *, restart: bool
) -> None:
    """One delta, to what the devices say by then; none for who is not there."""
    settings = SHORT | DRAINING
    node, watched = serve(**settings), await live(**settings)
    after = {"active": "online", "away": "idle", "absent": "offline"}
    expires_in = 4_000 if restart else 2_000
    async with events(watched.url, *after) as watcher:
        await watcher.next("snapshot")
        until: dict[str, int] = {}
        begin = time.monotonic()
        for user, status in after.items():
            caller = call(node.url, user)
            await caller.beat(**LONG | (AWAY if status == "idle" else {}))
            own = await caller.choose("dnd", text="in a talk", expires_in=expires_in)
            until[user] = own["until"]
            assert (await becomes(watcher, user, "dnd")).record["until"] == until[user]
        await call(node.url, "absent").leave()
        assert (await becomes(watcher, "absent", "offline")).at < begin + expires_in / 1000 + LATE
        if restart:
            node.stop()
            node = serve(**settings)
        for user in ("active", "away"):
            ended = await becomes(watcher, user, after[user])
            assert ended.at >= begin + expires_in / 1000
            assert not {"text", "until"} & ended.record.keys()
        await watcher.quiet(DELAY + 0.5)
        for user, status in after.items():
            entries = [entry.status for entry in history(watcher, user)]
            assert entries[entries.index("dnd") :] == ["dnd", status], user
            answer = await call(node.url, user).ask()
            assert answer.time >= until[user]
            assert "override" not in answer.records[user]
        await call(node.url, "absent").beat(**LONG)
        await becomes(watcher, "absent", "online")


async def test_c14_only_input_brings_online_back(live: StartLive, events: Events, call: Call) -> None:
    """Neither idle beats, reconnects, own queries, a tab that is shown nor late signals are input."""
    nodes = [await live(**SHORT | {"idle_after": 2, "hidden_idle_after": 1.5}) for _ in range(2)]
    alice, elsewhere = (call(node.url, "alice") for node in nodes)
    async with (
        events(nodes[0].url, "alice") as watcher,
        events(nodes[1].url, "alice", me="alice") as own,
    ):
        for stream in (watcher, own):
            await stream.next("snapshot")
        await alice.beat(seq=10)
        begin = time.monotonic()
        await becomes(watcher, "alice", "online")
        step = 0
        while time.monotonic() < begin + 6:
            step += 1
            await asyncio.sleep(0.1)
            idle_ms = int((time.monotonic() - begin) * 1000)
            await elsewhere.beat(idle_ms=idle_ms, visible=step % 3 > 0, seq=10 + step)
            await alice.types(typing=False)
            if watcher.statuses("alice")[-1] != "idle":
                continue
            async with events(nodes[step % 2].url, "alice", me="alice", device="laptop") as stream:
                await stream.next("snapshot")
                assert (await alice.ask()).status("alice") == "idle"
            assert (await alice.beat(seq=9))["stale"], "sent before, come late"
            await alice.beat("idle-phone", idle_ms=idle_ms + 60_000)
            await alice.beat(idle_ms=1_500, seq=10 + step)  # short of idle, yet none since the last beat
        for stream in (watcher, own):
            await becomes(stream, "alice", "idle")
            assert stream.statuses("alice") == ["offline", "online", "idle"]
        await alice.beat(seq=1_000)
        await becomes(watcher, "alice", "online")


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
async def test_c15_idle_then_a_restart_then_input(
    serve: Serve, events: Events, call: Call, ending: signal.Signals
) -> None:
    """Nobody's state is lost or stuck: input shows within the window, no input shows nothing."""
    settings = SHORT | DRAINING | {"idle_after": 1.5, "hidden_idle_after": 1.2}
    users: dict[str, dict[str, Any]] = {"moves": {}, "types": {}, "rests": AWAY}
    node = serve(**settings)
    async with events(node.url, *users) as watcher:
        await watcher.next("snapshot")
        for user in users:
            await call(node.url, user).beat(**LONG)
        for user in users:
            await becomes(watcher, user, "idle")
        last = watcher.last_id
    node.stop(ending)
    node = serve(**settings)
    async with events(node.url, *users, last=last) as watcher:
        assert (await watcher.next("hello")).data["resumed"]
        for user in users:
            assert (await call(node.url, user).ask()).status(user) == "idle"
        begin = time.monotonic()
        await call(node.url, "rests").beat(**LONG | AWAY)
        await call(node.url, "moves").beat(**LONG)
        await call(node.url, "types").types()
        for user in ("moves", "types"):
            while watcher.statuses(user)[-2:] != ["online", "idle"]:
                await shown(watcher, user, len(history(watcher, user)))
        await watcher.quiet(0.5)
        assert set(watcher.statuses("rests")) <= {"idle"}
        for user in ("moves", "types"):
            assert watcher.statuses(user).count("online") == 1
            came = next(seen.at for seen in history(watcher, user) if seen.status == "online")
            assert came <= begin + SHORT["presence_window"] + LATE


async def test_c15_a_hidden_tab_never_wins(live: StartLive, events: Events, call: Call) -> None:
    """However often it says that it is idle, whichever came first, wherever it says so."""
    nodes = [await live(**SHORT | {"idle_after": 1.5, "hidden_idle_after": 0}) for _ in range(2)]
    first, second = (call(node.url, "alice") for node in nodes)
    hidden: dict[str, Any] = {"visible": False, **AWAY}
    async with (
        events(nodes[0].url, "alice") as watcher,
        second.beating(0.1, "hidden", **hidden),
        events(nodes[1].url, me="alice", device="hidden"),
    ):
        await becomes(watcher, "alice", "idle")
        async with first.beating(0.3, "shown"):
            await becomes(watcher, "alice", "online")
            for _ in range(20):
                await first.beat("hidden", **hidden)
                assert (await second.ask()).status("alice") == "online"
                await asyncio.sleep(0.1)
        await becomes(watcher, "alice", "idle")
        await watcher.quiet(0.5)
        assert watcher.statuses("alice")[-3:] == ["idle", "online", "idle"]
        assert watcher.statuses("alice").count("online") == 1
