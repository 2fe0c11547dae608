"""Who is there: what silence, killed processes and late sweeps may and may not change."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from tests.cases.caller import LATE, SHORT, Answer, Caller
from tests.cases.conftest import Call
from tests.cases.sight import becomes, shown
from tests.conftest import Events, Serve, StartLive

DELAY = SHORT["sweep"] + SHORT["presence_window"]

SILENT: dict[str, dict[str, Any]] = {
    "plain": {},
    "hidden": {"visible": False},
    "often": {"interval_ms": 400},
    "seldom": {"interval_ms": 1500},
    "bot": {"kind": "bot", "activity": "in_call"},
}


@pytest.mark.parametrize("processes", [1, 2])
async def test_c01_one_heartbeat_then_nothing(
    live: StartLive, events: Events, call: Call, processes: int
) -> None:
    nodes = [await live(**SHORT) for _ in range(processes)]
    async with events(nodes[0].url, *SILENT) as first, events(nodes[-1].url, *SILENT) as last:
        for stream in (first, last):
            await stream.next("snapshot")
        sent = {}
        for user, beat in SILENT.items():
            sent[user] = time.monotonic()
            await call(nodes[0].url, user).beat(**beat)
        for stream in (first, last):
            for user in sorted(SILENT, key=lambda user: SILENT[user].get("interval_ms", 1000)):
                life = 3 * SILENT[user].get("interval_ms", 1000) / 1000
                gone = (await shown(stream, user, 2)).at - sent[user]
                assert life - 0.01 <= gone <= life + DELAY + LATE, user
        await asyncio.gather(first.quiet(1), last.quiet(0.5))
        for stream in (first, last):
            for user in SILENT:
                assert stream.statuses(user) == ["offline", "online", "offline"], user


async def test_c02_the_process_that_took_the_heartbeats_is_killed(
    live: StartLive, serve: Serve, events: Events, call: Call
) -> None:
    """Whoever signals elsewhere stays, with no delta at all; whoever does not is gone in time."""
    killed, other = serve(**SHORT), await live(**SHORT)
    users = ("alice", "bob", "carol")
    async with (
        events(other.url, *users) as watcher,
        events(killed.url, "alice", me="alice", device="laptop"),
        events(killed.url, "bob", me="bob", device="laptop"),
    ):
        await watcher.next("snapshot")
        for user in users:
            await call(killed.url, user).beat()
            await becomes(watcher, user, "online")
        await asyncio.sleep(1.5)  # the streams renew their devices at least once
        moved = call(other.url, "alice")
        async with moved.beating():
            last_sign = time.monotonic()
            killed.kill()
            for user in ("carol", "bob"):
                gone = await becomes(watcher, user, "offline")
                assert gone.at <= last_sign + 3 + DELAY + LATE, user
            await asyncio.sleep(1)
        assert watcher.statuses("alice") == ["offline", "online"]
        assert watcher.statuses("bob") == watcher.statuses("carol") == ["offline", "online", "offline"]
        assert (await moved.ask("alice")).records["alice"]["version"] == 1


async def test_c02_moving_between_processes_changes_nothing(
    live: StartLive, events: Events, call: Call
) -> None:
    """Every beat at another process, with and without streams that open and close on the way."""
    nodes = [await live(**SHORT) for _ in range(2)]
    async with events(nodes[0].url, "alice", "bob") as watcher:
        await watcher.next("snapshot")
        for step in range(8):
            node = nodes[step % 2]
            await call(node.url, "alice").beat()
            async with events(node.url, me="bob", device="laptop"):
                await call(node.url, "bob").beat()
                await asyncio.sleep(0.4)
        for user in ("alice", "bob"):
            assert watcher.statuses(user) == ["offline", "online"]


async def test_c06_a_stream_keeps_a_device_that_beats_often_elsewhere(
    live: StartLive, events: Events, call: Call
) -> None:
    """Renewed only once in a usual interval, it would die in between."""
    settings = SHORT | {"heartbeat": 6, "liveness_factor": 2, "renewal_ceiling": 60}
    one, other = await live(**settings), await live(**settings)
    async with (
        events(other.url, "alice", me="alice", device="laptop"),
        events(other.url, "alice") as watcher,
    ):
        await watcher.next("snapshot")
        await call(one.url, "alice").beat(interval_ms=2000)
        await becomes(watcher, "alice", "online")
        await watcher.quiet(7)
        assert watcher.statuses("alice") == ["offline", "online"]


async def test_c04_a_query_is_never_behind_the_clock(live: StartLive, events: Events, call: Call) -> None:
    """At every moment the answer is what its own `time` makes it, however long the next sweep takes."""
    node = await live(**SHORT | {"sweep": 2, "typing_ttl": 5, "idle_after": 1.1, "hidden_idle_after": 1})
    asking = call(node.url, "watcher")
    due: dict[str, tuple[int, str, str]] = {}

    async def begin(number: int) -> None:
        """Three users a round: one dies, one goes idle, one has an override that ends."""
        dies, idles, ends = (f"{what}-{number}" for what in ("dies", "idles", "ends"))
        told = await call(node.url, dies).beat(interval_ms=340)
        due[dies] = (told["time"] + 3 * 340, "online", "offline")
        told = await call(node.url, idles).beat(interval_ms=3900)
        due[idles] = (told["time"] + 1100, "online", "idle")
        await call(node.url, ends).beat(interval_ms=3900, idle_ms=1100)
        own = await call(node.url, ends).choose("dnd", text="soon over", expires_in=900)
        due[ends] = (own["until"], "dnd", "idle")

    names = [f"{what}-{number}" for number in range(5) for what in ("dies", "idles", "ends")]
    async with events(node.url, *names) as watcher:
        await watcher.next("snapshot")
        answer = Answer({}, 0)
        for number in range(5):
            await begin(number)
            end = time.monotonic() + 0.35
            while time.monotonic() < end:
                answer = await asking.ask(*due)
                _agrees(answer, due)
        while answer.time < max(at for at, _, _ in due.values()):
            answer = await asking.ask(*due)
            _agrees(answer, due)
        for name in names:  # and everything was told, once
            await becomes(watcher, name, due[name][2])
        await watcher.quiet(0.5)
        for name, (_, before, after) in due.items():
            seen = watcher.statuses(name)
            came_as_idle = name.startswith("ends") and seen[1] == "idle"
            assert seen == ["offline", *["idle"] * came_as_idle, before, after], name


def _agrees(answer: Answer, due: dict[str, tuple[int, str, str]]) -> None:
    for name, (at, before, after) in due.items():
        assert answer.status(name) == (before if answer.time < at else after), (name, at - answer.time)


PATHS: dict[str, tuple[list[dict[str, Any]], list[str]]] = {
    # beats, 0.6 s apart, then silence; what a watcher sees
    "stops-moving": ([{"idle_ms": 600 * step} for step in range(6)], ["online", "idle", "offline"]),
    "stops-at-once": ([{}], ["online", "idle", "offline"]),
    "hides": ([{}, {"visible": False, "idle_ms": 600}], ["online", "idle", "offline"]),
    "was-idle": ([{"idle_ms": 60_000}, {"idle_ms": 60_600}], ["idle", "offline"]),
    "moves-on": ([{} for _ in range(5)], ["online", "idle", "offline"]),
    "comes-back": (
        [{}, *({"idle_ms": 600 * step} for step in range(1, 5)), {}],
        ["online", "idle", "online", "idle", "offline"],
    ),
    "dies-active": ([{"interval_ms": 400}], ["online", "offline"]),
}


async def test_c05_stops_moving_then_stops_beating(live: StartLive, events: Events, call: Call) -> None:
    """Exactly the steps that were taken; at each, every process answers with the record just shown."""
    settings = SHORT | {"idle_after": 1.9, "hidden_idle_after": 1}
    nodes = [await live(**settings) for _ in range(2)]

    async def walk(number: int, path: str) -> None:
        beats, expected = PATHS[path]
        urls = [node.url for node in nodes[number % 2 :] + nodes[: number % 2]]
        async with events(urls[0], path) as watcher:
            await watcher.next("snapshot")
            beating = asyncio.create_task(_beats(call(urls[1], path), beats))
            for version, status in enumerate(expected, 1):
                record = (await shown(watcher, path, version)).record
                assert (record["status"], record["version"]) == (status, version)
                for url in urls:
                    assert (await call(url, "watcher").ask(path)).records[path] == record
            await beating
            await watcher.quiet(0.5)

    await asyncio.gather(*(walk(number, path) for number, path in enumerate(PATHS)))


async def _beats(user: Caller, beats: list[dict[str, Any]]) -> None:
    begin = time.monotonic()
    for step, beat in enumerate(beats):
        await asyncio.sleep(begin + 0.6 * step - time.monotonic())
        await user.beat(**beat)
