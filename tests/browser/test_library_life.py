"""The life of a page: hidden, asleep, frozen, cached, killed. Nobody flickers, and views are right again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, async_playwright

from tests.browser.conftest import FLAGS, OpenGate, OpenTab, chromium, fixture
from tests.browser.devtools import devtools
from tests.browser.gate import Gate
from tests.browser.tab import HIDE, Tab
from tests.browser.waiting import until
from tests.conftest import Events, Serve

pytestmark = pytest.mark.browser

THROTTLE = """
    const { setTimeout: soon, setInterval: often } = window;
    const slow = (ms) => Math.max(ms, document.hidden ? 4_000 : 0);
    window.setTimeout = (task, ms, ...rest) => soon(task, slow(ms ?? 0), ...rest);
    window.setInterval = (task, ms, ...rest) => often(task, slow(ms), ...rest);
"""
"""Timers of hidden pages fire every four seconds, at a service that takes a device for dead after three."""

INTENSIVE = "--enable-features=IntensiveWakeUpThrottling:grace_period_seconds/10"
"""Timers of a hidden page fire once a minute before the first minute is over, instead of after five."""

HIDDEN = 130
"""Seconds for which a tab is hidden; in the last minute of them its timers fire once, or twice."""

WATCHER = "{auth: {user: 'bob'}, users: ['alice'], device: false}"


BACK_MS = 3_000
"""How soon a page that comes back has a stream again, by the clock of the browser."""


async def _seen(tab: Tab) -> list[str]:
    lines: list[str] = await tab.get("seen.filter((line) => line.startsWith('alice'))")
    return lines


async def test_a_tab_that_is_hidden_for_minutes_does_not_flicker(
    serve: Serve, open_gate: OpenGate, events: Events, tmp_path: Path
) -> None:
    """By the service's own figures and the browser's own throttling: idle in time, and never gone."""
    service = serve()
    gate = await open_gate(service.url)
    async with (
        events(service.url, "alice", me="bob") as watcher,
        devtools(chromium(), (*FLAGS, INTENSIVE), tmp_path / "profile") as alice,
    ):
        await alice.open(f"{gate.url}/page")
        await alice.until("window.start")
        await alice.get("start({auth: {user: 'alice'}})")
        await alice.until("presence.get('alice')?.status === 'online'")
        await alice.get("window.woken = []; setInterval(() => woken.push(Date.now()), 1_000)")
        await alice.cover()
        await alice.until("document.hidden")
        await until(lambda: not gate.bodies("heartbeat")[-1]["visible"])
        beats = len(gate.bodies("heartbeat"))
        await asyncio.sleep(HIDDEN)
        assert watcher.statuses("alice") == ["offline", "online", "idle"]
        assert await alice.get("woken.filter((at) => at > Date.now() - 60_000).length") <= 2
        meanwhile = gate.bodies("heartbeat")[beats:]
        assert 1 <= len(meanwhile) <= 3
        assert {beat["interval_ms"] for beat in meanwhile} == {60_000}
        assert len(gate.to("/v1/events")) == len(gate.streams) == 1
        assert await alice.get("presence.state") == "live"


async def test_a_hidden_tab_that_cannot_keep_the_pace_does_not_flicker(
    serve: Serve, open_gate: OpenGate, open_tab: OpenTab, browser: Browser
) -> None:
    """Its stream keeps its device alive between two heartbeats, and it says at once that it is hidden."""
    settings: dict[str, Any] = {
        "heartbeat": 1,
        "grace": 0.5,
        "renewal_ceiling": 12,
        "idle_after": 60,
        "hidden_idle_after": 60,
    }
    gate = await open_gate(serve(**settings).url)
    bob = await open_tab(gate, WATCHER)
    throttled = await browser.new_context()
    await throttled.add_init_script(THROTTLE)
    alice = await open_tab(gate, "{auth: {user: 'alice'}}", throttled)
    await bob.sees("alice", "online")
    await alice.do(HIDE)
    await until(lambda: not gate.bodies("heartbeat")[-1]["visible"])
    beats = len(gate.bodies("heartbeat"))
    await bob.page.wait_for_timeout(9_000)
    assert 1 <= len(gate.bodies("heartbeat")) - beats <= 3
    assert await _seen(bob) == ["alice offline", "alice online"]


def _devices(gate: Gate, user: str) -> list[str]:
    beats = (call for call in gate.to("/v1/heartbeat") if call.query["as"] == user)
    return list(dict.fromkeys(beat.body["device"] for beat in beats))


async def test_a_frozen_page_is_right_again_at_once(
    serve: Serve, open_gate: OpenGate, open_tab: OpenTab, tmp_path: Path
) -> None:
    """One beat, one stream, and what happened meanwhile; the device of before is taken back."""
    gate = await open_gate(serve(heartbeat=1, grace=0.5).url)
    async with devtools(chromium(), FLAGS, tmp_path / "profile") as alice:
        await alice.open(f"{gate.url}/page")
        await alice.until("window.start")
        await alice.get("start({auth: {user: 'alice'}, users: ['bob']})")
        await alice.until("presence.get('bob')?.status === 'offline'")
        await alice.get("document.addEventListener('resume', () => window.backAt = Date.now())")
        await alice.freeze()
        await until(lambda: not gate.streams)
        (frozen,) = _devices(gate, "alice")
        bob = await open_tab(gate, "{auth: {user: 'bob'}, users: ['alice']}")
        await bob.sees("alice", "offline")
        assert gate.to("/v1/leave") == []
        await alice.freeze("active")
        await bob.until("presence.get('alice').status !== 'offline'")
        await alice.until("presence.get('bob').status === 'online' && presence.state === 'live'")
        hello = await alice.get("events.findLast(({type}) => type === 'hello')")
        assert hello["data"]["resumed"]
        assert hello["at"] - await alice.get("backAt") < BACK_MS
        assert len(gate.streams) == 2
        await until(lambda: len(gate.bodies("leave")) == 1)
        assert gate.bodies("leave")[0]["device"] == frozen
        assert len(_devices(gate, "alice")) == 2


async def test_a_page_that_wakes_with_the_computer_says_so(
    serve: Serve, open_gate: OpenGate, open_tab: OpenTab
) -> None:
    """Clocks that jump are all that a page notices of sleep."""
    gate = await open_gate(serve(ping=60).url)
    alice = await open_tab(gate, "{auth: {user: 'alice'}}")
    await alice.sees("alice", "online")  # nothing more is to come that would show the stream alive
    streams = len(gate.to("/v1/events"))
    await alice.do("const now = Date.now; Date.now = () => now() + 600_000;")
    await until(lambda: gate.bodies("heartbeat")[-1]["idle_ms"] > 600_000)
    await until(lambda: len(gate.to("/v1/events")) > streams)
    await alice.is_in("live")


async def test_a_page_that_is_killed_is_gone_when_its_time_is_over(
    serve: Serve, open_gate: OpenGate, open_tab: OpenTab
) -> None:
    """It says nothing; the service notices."""
    gate = await open_gate(serve(heartbeat=1, grace=0.5).url)
    bob = await open_tab(gate, WATCHER)
    alice = await open_tab(gate, "{auth: {user: 'alice'}}")
    await bob.sees("alice", "online")
    await alice.crash()
    await bob.sees("alice", "offline")
    assert gate.to("/v1/leave") == []


@fixture
async def caching(browser: Browser) -> AsyncIterator[Browser]:  # noqa: ARG001 - it ends after the pages
    """A Chromium with its back-forward cache, which drivers turn off."""
    off = "--disable-back-forward-cache"
    async with async_playwright() as playwright:
        caching = await playwright.chromium.launch(
            executable_path=chromium(), args=FLAGS, ignore_default_args=[off]
        )
        yield caching
        await caching.close()


async def test_a_page_out_of_the_back_forward_cache_is_there_again(
    serve: Serve, open_gate: OpenGate, open_tab: OpenTab, caching: Browser
) -> None:
    """The library holds nothing that would keep a page out of the cache."""
    gate = await open_gate(serve(heartbeat=10, grace=0).url)
    bob = await open_tab(gate, "{auth: {user: 'bob'}, users: ['alice']}")
    alice = await open_tab(gate, "{auth: {user: 'alice'}, users: ['bob']}", await caching.new_context())
    await bob.sees("alice", "online")
    await alice.do("window.kept = true; addEventListener('pageshow', () => window.backAt = Date.now())")
    await alice.page.goto(f"{gate.url}/favicon.svg")
    await bob.sees("alice", "offline")
    await bob.get("presence.status.set({status: 'dnd'}).then(() => true)")
    await alice.page.go_back(wait_until="commit")
    assert await alice.get("window.kept"), "the page was loaded anew"
    await bob.sees("alice", "online")
    await alice.sees("bob", "dnd")
    hello = await alice.get("events.findLast(({type}) => type === 'hello')")
    assert hello["at"] - await alice.get("backAt") < BACK_MS
    assert len(gate.streams) == 2
    *_, last = beats = gate.bodies("heartbeat")
    assert [beat["device"] for beat in beats].count(last["device"]) == 1
    assert await _seen(bob) == ["alice offline", "alice online", "alice offline", "alice online"]
