"""Trouble on the way: the library comes back by itself, from where it was, and asks nobody too often."""

from __future__ import annotations

import re
import signal
import time

import jwt
import pytest
from playwright.async_api import Browser

from tests.browser.conftest import OpenGate, OpenTab
from tests.browser.tab import LIMIT
from tests.browser.waiting import until
from tests.conftest import Serve

pytestmark = pytest.mark.browser

ALICE = "{auth: {user: 'alice'}, users: ['bob']}"

IMPATIENT = """
    const later = window.setTimeout;
    window.setTimeout = (task, ms, ...rest) => later(task, ms === 5_000 ? 1_000 : ms, ...rest);
"""
"""A page waits one second for a greeting instead of five."""


async def test_a_stopped_service_is_found_again(
    serve: Serve, open_gate: OpenGate, open_tab: OpenTab, redis_url: str
) -> None:
    first = serve(heartbeat=1, grace=0.5, drain=0.2, redis_url=redis_url)
    (port,) = re.findall(r":(\d+)$", first.url)
    gate = await open_gate(first.url)
    alice = await open_tab(gate, ALICE)
    await alice.sees("alice", "online")
    first.stop()
    await alice.is_in("offline")
    await alice.page.wait_for_timeout(20_000)
    second = serve("--port", port, heartbeat=1, grace=0.5, drain=0.2, redis_url=redis_url)
    await alice.is_in("live", 3 * LIMIT)  # the next attempt may be half a minute away, and be a poll
    assert await alice.get("events.findLast(({type}) => type === 'hello').data.resumed")
    assert (await alice.get("states"))[:2] == ["live", "connecting shutdown"]
    assert await alice.count("snapshot") == 1
    assert second.url == first.url


async def test_a_stream_that_the_browser_gave_up_is_opened_anew_with_the_last_id(
    serve: Serve, open_gate: OpenGate, open_tab: OpenTab
) -> None:
    """Any answer but 200 ends an EventSource for good."""
    gate = await open_gate(serve().url)
    alice = await open_tab(gate, ALICE)
    await alice.sees("bob", "offline")
    gate.answers["/v1/events"] = gate.answers["/v1/poll"] = 503
    await alice.do("presence.reconnect()")
    await alice.is_in("offline")
    await until(lambda: len(gate.to("/v1/events", "GET")) >= 3)
    gate.answers.clear()
    await alice.is_in("live")
    again = gate.to("/v1/events", "GET")[1:]
    assert all(call.query["last_event_id"] for call in again)
    assert await alice.count("snapshot") == 1


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_stream_is_not_asked_for_again_and_again(
    serve: Serve, open_gate: OpenGate, open_tab: OpenTab, status: int
) -> None:
    gate = await open_gate(serve(heartbeat=1, grace=0.5).url)
    gate.answers["/v1/events"] = status
    alice = await open_tab(gate, ALICE)
    await alice.is_in("offline")
    await alice.page.wait_for_timeout(1_500)
    assert [call.method for call in gate.to("/v1/events")] == ["GET", "HEAD"]
    assert (await alice.get("states"))[-1] == f"offline {'unauthorized' if status == 401 else 'refused'}"
    assert (await alice.get("errors"))[0]["status"] == status
    gate.answers.clear()
    await alice.do("presence.reconnect()")
    await alice.is_in("live")


async def test_a_silent_stream_is_left_for_another(
    serve: Serve, open_gate: OpenGate, open_tab: OpenTab
) -> None:
    service = serve(ping=0.5)
    gate = await open_gate(service.url)
    alice = await open_tab(gate, ALICE)
    await alice.until("events.some(({type}) => type === 'ping')")
    service.process.send_signal(signal.SIGSTOP)
    try:
        await alice.until("presence.state !== 'live'")
    finally:
        service.process.send_signal(signal.SIGCONT)
    await alice.is_in("live")
    assert await alice.get("events.findLast(({type}) => type === 'hello').data.resumed")


async def test_who_typed_when_the_service_fell_silent_does_not_type_for_ever(
    serve: Serve, open_gate: OpenGate, open_tab: OpenTab
) -> None:
    """C17: each entry ends by itself, and the page is told."""
    service = serve(typing_ttl=3)
    gate = await open_gate(service.url)
    alice = await open_tab(gate, "{auth: {user: 'alice'}, channels: ['general']}")
    bob = await open_tab(gate, "{auth: {user: 'bob'}}")
    await bob.sees("bob", "online")
    await alice.do("window.told = []; presence.on('typing', ({users}) => told.push(users.join()))")
    await bob.do("presence.typing('general').key()")
    await alice.until("presence.typing('general').users.join() === 'bob'")
    service.process.send_signal(signal.SIGSTOP)
    try:
        await alice.until("presence.typing('general').count === 0 && told.at(-1) === ''")
    finally:
        service.process.send_signal(signal.SIGCONT)


async def test_a_network_that_holds_streams_back_is_polled_through(
    serve: Serve, open_gate: OpenGate, open_tab: OpenTab, browser: Browser
) -> None:
    """First without a stream, then with one again: nothing is lost between them."""
    gate = await open_gate(serve().url)
    gate.buffering = True
    bob = await open_tab(gate, "{auth: {user: 'bob'}}")
    impatient = await browser.new_context()
    await impatient.add_init_script(IMPATIENT)
    alice = await open_tab(gate, ALICE, impatient)
    await alice.is_in("polling")
    assert [call.query.get("pad") for call in gate.to("/v1/events") if call.query["as"] == "alice"] == [
        None,
        "1",
    ]
    await alice.sees("alice", "online")
    for text in ("one", "two"):
        await bob.get(f"presence.status.set({{status: 'dnd', text: '{text}'}}).then(() => true)")
        await alice.until(f"presence.get('bob').text === '{text}'")
    gate.buffering = False
    await alice.do("dispatchEvent(new Event('online'))")
    await alice.is_in("live")
    assert await alice.get("events.findLast(({type}) => type === 'hello').data.resumed")
    assert await alice.count("snapshot") == 1
    await until(
        lambda: not [call for call in gate.to("/v1/poll") if call.open and call.query["as"] == "alice"]
    )


SECRET = "a secret of the tests, long enough for HS256"


async def test_tokens_end_and_are_replaced(serve: Serve, open_gate: OpenGate, open_tab: OpenTab) -> None:
    """The page is asked for another, the stream goes on from where it was, and no token is in an address."""
    gate = await open_gate(serve(auth="jwt", jwt_secret=SECRET, ping=0.5, heartbeat=1, grace=0.5).url)
    asked: list[float] = []

    def token() -> str:
        now = time.time()
        asked.append(now)
        claims = {"sub": "alice", "iat": int(now), "exp": int(now) + 2, "presence": {"watch_prefix": ""}}
        return jwt.encode(claims, SECRET, "HS256")

    alice = await open_tab(gate, "{auth: () => token(), users: ['bob']}", token=token)
    await alice.sees("alice", "online")
    assert await alice.get("presence.user") == "alice"
    await alice.until("events.filter(({type}) => type === 'hello').length >= 2")
    await alice.is_in("live")
    assert await alice.count("snapshot") == 1
    assert {event["data"]["reason"] for event in await alice.get("events.filter(e => e.type === 'bye')")} == {
        "expired"
    }
    assert await alice.get("errors") == []
    assert all(call.query.get("ticket") for call in gate.to("/v1/events"))
    assert not [call for call in gate.calls if any("ey" in value[:2] for value in call.query.values())]


async def test_who_has_no_token_any_more_is_left_alone(
    serve: Serve, open_gate: OpenGate, open_tab: OpenTab
) -> None:
    """One call of the page for each refusal, and silence after the second."""
    gate = await open_gate(serve(auth="jwt", jwt_secret=SECRET, heartbeat=1, grace=0.5).url)
    asked: list[str] = []

    def token() -> str:
        asked.append("a token of nobody")
        return asked[-1]

    alice = await open_tab(gate, "{auth: () => token(), user: 'alice'}", token=token)
    await alice.is_in("offline")
    await alice.page.wait_for_timeout(2_500)
    assert (await alice.get("states"))[-1] == "offline unauthorized"
    assert len(asked) <= 4
    assert len(gate.calls) - len([call for call in gate.calls if not call.path.startswith("/v1/")]) <= 6


async def test_a_cookie_goes_with_everything(
    serve: Serve, open_gate: OpenGate, open_tab: OpenTab, browser: Browser
) -> None:
    """Streams, too; when it ends the page is told, and goes on when it has another."""
    gate = await open_gate(serve(auth="jwt", jwt_secret=SECRET, ping=0.5, heartbeat=1, grace=0.5).url)
    cookies = await browser.new_context()

    async def sign_in(seconds: int) -> None:
        now = int(time.time())
        claims = {"sub": "alice", "iat": now, "exp": now + seconds, "presence": {}}
        value = jwt.encode(claims, SECRET, "HS256")
        await cookies.add_cookies([{"name": "presence_token", "value": value, "url": gate.url}])

    await sign_in(5)
    alice = await open_tab(gate, "{auth: 'cookie', user: 'alice'}", cookies)
    await alice.sees("alice", "online")
    await alice.until("states.at(-1) === 'offline unauthorized'")
    await sign_in(600)
    await alice.do("presence.reconnect()")
    await alice.is_in("live")
    assert await alice.get("events.findLast(({type}) => type === 'hello').data.resumed")
