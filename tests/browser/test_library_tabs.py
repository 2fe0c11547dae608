"""Several pages of one browser: one stream and one device among them, whoever of them comes and goes."""

from __future__ import annotations

import httpx
import pytest
from playwright.async_api import Browser

from tests.browser.conftest import OpenGate, OpenTab
from tests.browser.gate import Gate
from tests.browser.tab import HIDE, Tab
from tests.browser.waiting import until
from tests.conftest import Serve

pytestmark = pytest.mark.browser

HAND_OVER_MS = 5_000
"""How soon another tab has to lead, by the clock of the browser."""

IMPATIENT = """
    const often = window.setInterval;
    window.setInterval = (task, ms, ...rest) => often(task, ms / 10, ...rest);
"""
"""Pages ask after their leader every half second instead of every five."""


def _devices(gate: Gate) -> set[str]:
    return {beat["device"] for beat in gate.bodies("heartbeat")}


async def test_eight_tabs_share_one_stream_and_outlive_their_leader(
    serve: Serve, open_gate: OpenGate, open_tab: OpenTab, browser: Browser
) -> None:
    """Over HTTP/1.1, where a browser has six connections: streams of their own would stop all else."""
    service = serve(heartbeat=5, grace=2)
    gate = await open_gate(service.url)
    bob = await open_tab(gate, "{auth: {user: 'bob'}, users: ['alice'], device: false}")
    one_browser = await browser.new_context()
    tabs = [
        await open_tab(
            gate, f"{{auth: {{user: 'alice'}}, users: ['friend-0', 'friend-{number}']}}", one_browser
        )
        for number in range(8)
    ]
    for number, tab in enumerate(tabs):
        await tab.is_in("live")
        await tab.sees(f"friend-{number}", "offline")
    await until(lambda: len(gate.streams) == 2)  # alice's, and that of bob who watches
    assert len(_devices(gate)) == 1
    await bob.sees("alice", "online")

    leader, *others = tabs
    hellos = [await tab.count("hello") for tab in others]
    closed_at = await others[0].get("Date.now()")
    await leader.page.close()
    async with httpx.AsyncClient(trust_env=False) as friend:  # who comes while nobody leads
        await friend.post(f"{service.url}/v1/heartbeat?as=friend-0", json={"device": "d"})
    for number, (tab, before) in enumerate(zip(others, hellos, strict=True), start=1):
        await tab.until("seen.includes('friend-0 online')")
        await tab.is_in("live")
        await tab.sees(f"friend-{number}", "offline")
        handed_over = await tab.get(f"events.filter(({{type}}) => type === 'hello')[{before}]")
        assert handed_over["data"]["resumed"]
        assert handed_over["at"] - closed_at < HAND_OVER_MS
    assert len(gate.streams) == 2

    await until(lambda: len(_devices(gate)) == 2)
    await until(lambda: len(gate.bodies("leave")) == 1)
    signals = [call for call in gate.calls if call.path in {"/v1/heartbeat", "/v1/leave"}]
    devices = list(dict.fromkeys(call.body["device"] for call in signals))
    left = next(number for number, call in enumerate(signals) if call.path == "/v1/leave")
    assert signals[left].body["device"] == devices[0]
    assert devices[1] in [call.body["device"] for call in signals[:left]]  # nobody saw them both gone
    for tab in others:
        await tab.page.close()
    await until(lambda: _devices(gate) <= {leave["device"] for leave in gate.bodies("leave")})
    await bob.sees("alice", "offline")
    assert await bob.get("seen.filter((line) => line.startsWith('alice'))") == [
        "alice offline",
        "alice online",
        "alice offline",
    ]


async def test_tabs_speak_for_each_other(
    serve: Serve, open_gate: OpenGate, open_tab: OpenTab, browser: Browser
) -> None:
    """Active is who is active in any tab; typing, status and activity of any tab are those of the user."""
    gate = await open_gate(
        serve(heartbeat=3, grace=0.5, idle_after=4, hidden_idle_after=0, typing_ttl=30).url
    )
    bob = await open_tab(
        gate, "{auth: {user: 'bob'}, users: ['alice'], channels: ['general'], device: false}"
    )
    one_browser = await browser.new_context()
    leader = await open_tab(gate, "{auth: {user: 'alice'}}", one_browser)
    await leader.sees("alice", "online")
    follower = await open_tab(gate, "{auth: {user: 'alice'}, device: {activity: 'in_call'}}", one_browser)
    await follower.sees("alice", "online")
    await bob.until("presence.get('alice').activity === 'in_call'")
    await leader.do(HIDE)
    await until(lambda: gate.bodies("heartbeat")[-1]["idle_ms"] > 1_500)
    assert gate.bodies("heartbeat")[-1]["visible"]
    await bob.sees("alice", "idle")
    await follower.page.mouse.move(100, 100)
    await bob.sees("alice", "online")
    await follower.do("presence.typing('general').key()")
    await bob.until("presence.typing('general').users.join() === 'alice'")
    await follower.do("presence.typing('general').stop()")
    await bob.until("presence.typing('general').count === 0")
    await follower.get("presence.status.set({status: 'dnd'}).then(() => true)")
    await leader.sees("alice", "dnd")
    await follower.do(HIDE)
    await until(lambda: not gate.bodies("heartbeat")[-1]["visible"])
    assert len(_devices(gate)) == 1
    assert await follower.get("errors") == await leader.get("errors") == []


async def test_a_tab_that_crashes_leaves_its_work_to_another(
    serve: Serve, open_gate: OpenGate, open_tab: OpenTab, browser: Browser
) -> None:
    gate = await open_gate(serve(heartbeat=1, grace=0.5).url)
    one_browser = await browser.new_context()
    leader = await open_tab(gate, "{auth: {user: 'alice'}, users: ['bob']}", one_browser)
    follower = await open_tab(gate, "{auth: {user: 'alice'}, users: ['bob']}", one_browser)
    await follower.sees("bob", "offline")
    await leader.crash()
    await until(lambda: len(_devices(gate)) == 2)
    await follower.until("events.filter(({type}) => type === 'hello').length > 0")
    await follower.is_in("live")


async def test_a_tab_that_hangs_loses_its_work_to_one_that_is_seen(
    serve: Serve, open_gate: OpenGate, open_tab: OpenTab, browser: Browser
) -> None:
    """A dialog stops all scripts of its page until somebody answers it."""
    gate = await open_gate(serve(heartbeat=1, grace=0.5).url)
    one_browser = await browser.new_context()
    await one_browser.add_init_script(IMPATIENT)
    leader = await open_tab(gate, "{auth: {user: 'alice'}, users: ['bob']}", one_browser)
    follower = await open_tab(gate, "{auth: {user: 'alice'}, users: ['carol']}", one_browser)
    await follower.sees("carol", "offline")
    async with leader.page.expect_event("dialog") as opened:
        await leader.do("setTimeout(() => alert('Look!'))")
    dialog = await opened.value
    await until(lambda: len(_devices(gate)) == 2)
    await follower.until("events.filter(({type}) => type === 'hello').length > 0")
    await dialog.accept()
    await until(lambda: len(gate.streams) == 1)
    beats = len(gate.bodies("heartbeat"))
    await until(lambda: len(gate.bodies("heartbeat")) > beats + 3)
    assert {beat["device"] for beat in gate.bodies("heartbeat")[-2:]} == {gate.streams[0].query["device"]}
    await leader.sees("bob", "offline")
    await leader.is_in("live")


async def test_who_closes_as_it_is_told_that_it_leads_leaves_nothing(
    serve: Serve, open_gate: OpenGate, open_tab: OpenTab, browser: Browser
) -> None:
    gate = await open_gate(serve(heartbeat=1, grace=0.5).url)
    one_browser = await browser.new_context()
    leader = await open_tab(gate, "{auth: {user: 'alice'}}", one_browser)
    await leader.is_in("live")
    follower = await open_tab(gate, "{auth: {user: 'alice'}}", one_browser)
    await follower.is_in("live")
    await follower.do("presence.on('state', () => presence.close())")
    await leader.page.close()
    await follower.until("states.at(-1) === 'offline closed'")
    await follower.page.wait_for_timeout(1_000)
    assert await follower.get("navigator.locks.query().then(({held}) => held.length)") == 0
    assert await follower.get("errors") == gate.streams == []


async def test_a_new_page_is_worth_one_attempt_to_a_leader_that_was_refused(
    serve: Serve, open_gate: OpenGate, open_tab: OpenTab, browser: Browser
) -> None:
    """It may have signed in again."""
    gate = await open_gate(serve().url)
    gate.answers["/v1/events"] = 401
    one_browser = await browser.new_context()
    first = await open_tab(gate, "{auth: {user: 'alice'}}", one_browser)
    await first.until("states.at(-1) === 'offline unauthorized'")
    second = await open_tab(gate, "{auth: {user: 'alice'}}", one_browser)
    await until(lambda: len(gate.to("/v1/events", "HEAD")) == 2)
    await second.until("states.at(-1) === 'offline unauthorized'")
    await second.page.wait_for_timeout(1_000)
    assert [call.method for call in gate.to("/v1/events")] == ["GET", "HEAD"] * 2
    gate.answers.clear()
    third = await open_tab(gate, "{auth: {user: 'alice'}}", one_browser)
    for tab in (first, second, third):
        await tab.is_in("live")


async def test_two_users_in_one_browser_keep_apart(
    serve: Serve, open_gate: OpenGate, open_tab: OpenTab, browser: Browser
) -> None:
    gate = await open_gate(serve().url)
    one_browser = await browser.new_context()
    alice = await open_tab(gate, "{auth: {user: 'alice'}, users: ['bob']}", one_browser)
    bob = await open_tab(gate, "{auth: {user: 'bob'}}", one_browser)
    await bob.is_in("live")
    await alice.sees("bob", "online")
    assert await bob.get("presence.get('alice') ?? null") is None
    assert len(gate.streams) == 2


async def test_without_locks_each_tab_has_a_stream(
    serve: Serve, open_gate: OpenGate, open_tab: OpenTab, browser: Browser
) -> None:
    """An old browser or a page without HTTPS has none, and a sandboxed frame is denied them."""
    gate = await open_gate(serve(heartbeat=1, grace=0.5).url)
    old, strict = await browser.new_context(), await browser.new_context()
    await old.add_init_script("Object.defineProperty(navigator, 'locks', {value: undefined})")
    await strict.add_init_script(
        "navigator.locks.request = () => Promise.reject(new DOMException('Denied.', 'SecurityError'))"
    )
    tabs: list[Tab] = [
        await open_tab(gate, "{auth: {user: 'alice'}}", context) for context in (old, old, strict)
    ]
    for tab in tabs:
        await tab.sees("alice", "online")
    assert len(gate.streams) == 3
    for tab in tabs:
        await tab.page.close()
    await until(lambda: len(gate.bodies("leave")) == 3)
    assert len(_devices(gate)) == 3
