"""One page that uses the library: what it shows, and what it says of itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Browser

from tests.browser.conftest import OpenGate, OpenTab
from tests.browser.tab import HIDE, SHOW
from tests.browser.waiting import until
from tests.conftest import Serve

pytestmark = pytest.mark.browser


async def test_a_page_sees_others_and_is_seen(serve: Serve, open_gate: OpenGate, open_tab: OpenTab) -> None:
    gate = await open_gate(serve(heartbeat=1, grace=0.5).url)
    alice = await open_tab(gate, "{auth: {user: 'alice'}, users: ['bob']}")
    await alice.is_in("live")
    await alice.sees("alice", "online")
    await alice.sees("bob", "offline")
    bob = await open_tab(gate, "{auth: {user: 'bob'}, device: {kind: 'desktop', activity: 'in_call'}}")
    await alice.sees("bob", "online")
    await alice.until("presence.get('bob').activity === 'in_call'")
    assert await alice.get("presence.get('bob').devices") == ["desktop"]
    await bob.do("presence.device.set({activity: undefined})")
    await alice.until("presence.get('bob').activity === undefined")
    own = await bob.get("presence.status.set({status: 'dnd', text: 'Deep work'})")
    assert own["override"]["text"] == "Deep work"
    assert await bob.get("presence.get('bob').status") == "dnd"
    await alice.sees("bob", "dnd")
    assert await alice.get("presence.user") == "alice"
    assert abs(await alice.get("presence.now() - Date.now()")) < 10_000
    assert await alice.get("errors") == []


async def test_a_page_without_modules_has_a_script(
    serve: Serve, open_gate: OpenGate, browser: Browser
) -> None:
    gate = await open_gate(serve().url)
    page = await browser.new_page()
    await page.goto(f"{gate.url}/page")
    await page.add_script_tag(url="/presence.classic.js")
    await page.evaluate("window.presence = ssePresence.connect({auth: {user: 'alice'}})")
    await page.wait_for_function("presence.get('alice')?.status === 'online'")


async def test_a_refused_status_says_why(serve: Serve, open_gate: OpenGate, open_tab: OpenTab) -> None:
    gate = await open_gate(serve().url)
    alice = await open_tab(gate, "{auth: {user: 'alice'}}")
    refused = await alice.get(
        """presence.status.set({status: 'offline'}).catch(
            (error) => [error instanceof PresenceError, error.status, error.final, error.message])"""
    )
    assert refused[:3] == [True, 422, True]
    assert refused[3]


async def test_the_first_heartbeats_say_what_there_is_to_say(
    serve: Serve, open_gate: OpenGate, open_tab: OpenTab
) -> None:
    gate = await open_gate(serve(heartbeat=1, grace=0.5).url)
    await open_tab(gate, "{auth: {user: 'alice'}}")
    await until(lambda: len(gate.bodies("heartbeat")) >= 3)
    beats = gate.bodies("heartbeat")
    seqs = [beat["seq"] for beat in beats]
    assert seqs == sorted(set(seqs))
    assert {beat["device"] for beat in beats} == {beats[0]["device"]}
    assert all(beat["visible"] and beat["kind"] == "web" and "interval_ms" not in beat for beat in beats)
    assert gate.streams[0].query["device"] == beats[0]["device"]


async def test_a_page_that_only_watches_makes_nobody_present(
    serve: Serve, open_gate: OpenGate, open_tab: OpenTab
) -> None:
    gate = await open_gate(serve(heartbeat=1, grace=0.5).url)
    alice = await open_tab(gate, "{auth: {user: 'alice'}, device: false}")
    await alice.is_in("live")
    await alice.sees("alice", "offline")
    await alice.do("presence.close()")
    assert gate.to("/v1/heartbeat") == gate.to("/v1/leave") == []
    assert "device" not in gate.to("/v1/events")[0].query


async def test_hiding_is_said_at_once_with_a_pace_that_hidden_timers_can_keep(
    serve: Serve, open_gate: OpenGate, open_tab: OpenTab
) -> None:
    gate = await open_gate(serve().url)
    alice = await open_tab(gate, "{auth: {user: 'alice'}}")
    await alice.is_in("live")
    await alice.do(HIDE)
    await until(lambda: not gate.bodies("heartbeat")[-1]["visible"])
    assert gate.bodies("heartbeat")[-1]["interval_ms"] == 60_000
    await alice.do(SHOW)
    await until(lambda: gate.bodies("heartbeat")[-1]["visible"])
    assert "interval_ms" not in gate.bodies("heartbeat")[-1]


async def test_who_does_nothing_goes_idle_and_wakes_at_the_next_touch(
    serve: Serve, open_gate: OpenGate, open_tab: OpenTab
) -> None:
    gate = await open_gate(serve(heartbeat=3, grace=0.5, idle_after=4, hidden_idle_after=2).url)
    alice = await open_tab(gate, "{auth: {user: 'alice'}}")
    await alice.sees("alice", "online")
    await alice.sees("alice", "idle")
    await alice.page.mouse.move(200, 200)
    await alice.sees("alice", "online")


async def test_typing_is_told_while_it_goes_on(serve: Serve, open_gate: OpenGate, open_tab: OpenTab) -> None:
    gate = await open_gate(serve(typing_ttl=30).url)
    alice = await open_tab(gate, "{auth: {user: 'alice'}, channels: ['general']}")
    bob = await open_tab(gate, "{auth: {user: 'bob'}}")
    await bob.sees("bob", "online")
    await bob.do("window.unbind = presence.typing('general').bind(document.querySelector('input'))")
    message = bob.page.get_by_label("Message")
    types = "presence.typing('general').users.join() === 'bob'"
    ended = "presence.typing('general').count === 0"
    ends: list[Callable[[], Awaitable[None]]] = [
        lambda: message.press("Enter"),
        lambda: message.fill(""),
        message.blur,
        lambda: bob.page.wait_for_timeout(1),  # a pause ends it, too
        lambda: bob.do("unbind()"),
    ]
    for end in ends:
        await message.press_sequentially("Well")
        await alice.until(types)
        await end()
        await alice.until(ended)
    await message.press_sequentially("Well")
    told = [body["typing"] for body in gate.bodies("typing")]
    assert told == [True, False] * (len(told) // 2)
    assert len(told) >= 10


async def test_who_types_at_once_is_seen_as_soon_as_there_is_a_device(
    serve: Serve, open_gate: OpenGate, open_tab: OpenTab
) -> None:
    gate = await open_gate(serve().url)
    alice = await open_tab(gate, "{auth: {user: 'alice'}}")
    await alice.do("presence.close(); start({auth: {user: 'alice'}}); presence.typing('general').key()")
    await until(lambda: len(gate.bodies("typing")) == 2)
    assert [body["typing"] for body in gate.bodies("typing")] == [True, False]


async def test_who_leaves_says_so_and_nothing_after_it(
    serve: Serve, open_gate: OpenGate, open_tab: OpenTab
) -> None:
    """Chromium hides a page after it has told it to go, and a heartbeat would take the leave back."""
    gate = await open_gate(serve(heartbeat=60, grace=0.5).url)
    bob = await open_tab(gate, "{auth: {user: 'bob'}, users: ['alice'], device: false}")
    alice = await open_tab(gate, "{auth: {user: 'alice'}}")
    await bob.sees("alice", "online")
    await alice.page.goto("about:blank")
    await bob.sees("alice", "offline")
    signals = [call for call in gate.calls if call.path in {"/v1/heartbeat", "/v1/leave"}]
    assert [call.path for call in signals].index("/v1/leave") == len(signals) - 1
    assert {call.body["device"] for call in signals} == {signals[0].body["device"]}
    seqs = [call.body["seq"] for call in signals]
    assert seqs == sorted(set(seqs))


async def test_closing_leaves_for_good(serve: Serve, open_gate: OpenGate, open_tab: OpenTab) -> None:
    gate = await open_gate(serve(heartbeat=1, grace=0.5).url)
    alice = await open_tab(gate, "{auth: {user: 'alice'}}")
    await alice.sees("alice", "online")
    await alice.do("presence.close()")
    await alice.is_in("offline")
    await until(lambda: not gate.streams and len(gate.bodies("leave")) == 1)
    beats = len(gate.bodies("heartbeat"))
    await alice.do("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    await alice.do("presence.watch({users: ['bob']})")
    await alice.page.wait_for_timeout(1_500)
    assert (len(gate.bodies("heartbeat")), len(gate.to("/v1/events"))) == (beats, 1)


async def test_a_listener_that_fails_keeps_nobody_else_from_hearing(
    serve: Serve, open_gate: OpenGate, open_tab: OpenTab
) -> None:
    gate = await open_gate(serve().url)
    alice = await open_tab(gate, "{auth: {user: 'alice'}}")
    await alice.do(
        """window.onerror = () => window.thrown = true;
        presence.on('presence', () => { throw new Error('of the page'); });
        const off = presence.on('presence', () => window.heard = true);"""
    )
    await alice.get("presence.status.set({status: 'dnd'})")
    await alice.until("window.heard && window.thrown")


async def test_a_listener_may_listen_anew_while_it_hears(
    serve: Serve, open_gate: OpenGate, open_tab: OpenTab
) -> None:
    gate = await open_gate(serve().url)
    alice = await open_tab(gate, "{auth: {user: 'alice'}}")
    await alice.do(
        """events.length = window.heard = 0;
        window.late = false;
        let offs = [];
        const anew = () => {
          for (const off of offs) off();
          heard += 1;
          if (heard < 100) offs = [presence.on('event', anew), presence.on('event', () => late = true)];
        };
        anew();
        presence.reconnect();"""
    )
    await alice.until("events.some(({type}) => type === 'hello')")
    await alice.is_in("live")
    assert await alice.get("heard === events.length + 1 && !late")
