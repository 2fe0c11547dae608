"""What a page says of itself to the service, and how it holds its stream."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable

import pytest
from playwright.async_api import BrowserContext, Request, Route, expect

from tests.browser.conftest import Visit
from tests.conftest import Serve

pytestmark = pytest.mark.browser

STREAMS = "**/v1/events?*"

HIDE = """hidden => {
    const get = () => hidden ? "hidden" : "visible";
    Object.defineProperty(document, "visibilityState", {configurable: true, get});
    document.dispatchEvent(new Event("visibilitychange"));
}"""
"""A headless page is always seen; this one says otherwise."""


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not holds():  # noqa: ASYNC110 - the page sets no event of ours
            await asyncio.sleep(0.02)


async def _answering(context: BrowserContext, status: int, times: int) -> list[Request]:
    """Let the first streams of a context be answered with `status`; returns all that are asked for."""
    asked: list[Request] = []

    async def answer(route: Route) -> None:
        asked.append(route.request)
        if len(asked) <= times:
            await route.fulfill(status=status, body="")
        else:
            await route.fallback()

    await context.route(STREAMS, answer)
    return asked


async def test_the_first_heartbeats_say_what_there_is_to_say(serve: Serve, visit: Visit) -> None:
    alice = await visit(serve(heartbeat=1, grace=0.5).url, "alice")
    await alice.is_connected()
    await _until(lambda: len(alice.bodies("heartbeat")) >= 3)
    beats = alice.bodies("heartbeat")
    assert [beat["seq"] for beat in beats] == list(range(1, len(beats) + 1))
    assert {beat["device"] for beat in beats} == {beats[0]["device"]}
    assert all(beat["visible"] and beat["kind"] == "web" and "interval_ms" not in beat for beat in beats)
    first = beats[0]["device"]
    await alice.page.reload()
    await _until(lambda: alice.bodies("heartbeat")[-1]["device"] != first)


async def test_hiding_is_said_at_once_with_a_pace_that_hidden_timers_can_keep(
    serve: Serve, visit: Visit
) -> None:
    alice = await visit(serve().url, "alice")
    await alice.is_connected()
    await _until(lambda: len(alice.bodies("heartbeat")) == 1)
    await alice.page.evaluate(HIDE, True)  # noqa: FBT003 - the argument of a script
    await _until(lambda: len(alice.bodies("heartbeat")) == 2)
    assert alice.bodies("heartbeat")[1]["visible"] is False
    assert alice.bodies("heartbeat")[1]["interval_ms"] == 60_000
    await alice.page.evaluate(HIDE, False)  # noqa: FBT003 - the argument of a script
    await _until(lambda: len(alice.bodies("heartbeat")) == 3)
    assert alice.bodies("heartbeat")[2]["visible"] is True
    assert "interval_ms" not in alice.bodies("heartbeat")[2]


async def test_a_service_with_another_pace_is_not_told_an_interval_it_would_refuse(
    serve: Serve, visit: Visit
) -> None:
    alice = await visit(serve(heartbeat=1, grace=0.5).url, "alice")
    await alice.is_connected()
    await _until(lambda: bool(alice.bodies("heartbeat")))
    await alice.page.evaluate(HIDE, True)  # noqa: FBT003 - the argument of a script
    await _until(lambda: alice.bodies("heartbeat")[-1]["visible"] is False)
    assert "interval_ms" not in alice.bodies("heartbeat")[-1]
    await expect(alice.page.locator("#toast")).to_have_text("")


async def test_a_stream_that_the_browser_gave_up_is_opened_anew_with_the_last_id(
    serve: Serve, visit: Visit
) -> None:
    alice = await visit(serve().url, "alice")
    await alice.is_connected()
    await expect(alice.frames("snapshot")).to_have_count(1)
    asked = await _answering(alice.page.context, 503, times=4)
    await alice.page.get_by_label("Add a contact").fill("erin")
    await alice.page.get_by_label("Add a contact").press("Enter")
    await _until(lambda: len(asked) >= 5)
    await alice.is_connected()
    await alice.sees("erin", "offline")
    assert {"GET", "HEAD"} == {request.method for request in asked[:4]}
    assert all("last_event_id=" in request.url for request in asked)


async def test_a_refused_stream_is_not_asked_for_again_and_again(serve: Serve, visit: Visit) -> None:
    alice = await visit(serve().url, "alice")
    await alice.is_connected()
    asked = await _answering(alice.page.context, 403, times=1_000)
    await alice.page.get_by_label("Add a contact").fill("erin")
    await alice.page.get_by_label("Add a contact").press("Enter")
    await alice.is_connected("refused")
    await expect(alice.page.get_by_role("alert").filter(has_text="refused")).to_be_visible()
    await alice.page.wait_for_timeout(1_500)
    assert len(asked) == 2


async def test_a_silent_stream_is_left_for_another(serve: Serve, visit: Visit) -> None:
    service = serve(ping=0.5)
    alice = await visit(service.url, "alice")
    await expect(alice.frames("ping").first).to_be_attached()
    service.process.send_signal(signal.SIGSTOP)
    try:
        await expect(alice.page.locator("#connection")).not_to_have_attribute("data-state", "live")
    finally:
        service.process.send_signal(signal.SIGCONT)
    await alice.is_connected()
    await expect(alice.frames("hello").last).to_contain_text('"resumed":true')
