"""The "try it" row: what a visitor tries is seen on the page, in the raw events, and by others."""

from __future__ import annotations

import signal

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Visit
from tests.conftest import Serve

pytestmark = pytest.mark.browser


async def test_a_second_user_stands_beside(serve: Serve, visit: Visit) -> None:
    alice = await visit(serve().url, "alice")
    await alice.is_connected()
    async with alice.page.context.expect_page() as opened:
        await alice.page.get_by_role("link", name="Open bob beside").click()
    assert (await opened.value).url.endswith("/?as=bob")
    await alice.sees("bob", "online")
    await expect(alice.frames("presence").filter(has_text='"bob"').first).to_be_attached()


async def test_going_idle_is_seen_at_once_and_ends_with_the_first_input(serve: Serve, visit: Visit) -> None:
    url = serve().url
    alice, bob = await visit(url, "alice"), await visit(url, "bob")
    await alice.sees("bob", "online")
    await bob.tries("Go idle")
    await bob.is_shown_as("idle")
    await alice.sees("bob", "idle")
    await expect(bob.frames("presence").filter(has_text='"status":"idle"')).to_have_count(1)
    await bob.page.mouse.move(300, 300)
    await bob.page.mouse.move(310, 310)
    await bob.is_shown_as("idle")
    await bob.tries("I am back")
    await bob.is_told("the first input brings you back")
    await bob.page.mouse.move(320, 320)
    await alice.sees("bob", "online")
    await bob.tries("Got it")
    await expect(bob.page.locator("#trial")).to_be_hidden()


async def test_a_sleeping_device_is_missed_and_comes_back_where_it_was(serve: Serve, visit: Visit) -> None:
    url = serve(heartbeat=1, grace=0.5, renewal_ceiling=10).url
    alice, bob = await visit(url, "alice"), await visit(url, "bob")
    await alice.sees("bob", "online")
    await bob.tries("Sleep this device")
    await expect(bob.page.locator("#panes")).to_have_attribute("inert", "")
    await alice.sees("bob", "offline")
    assert bob.bodies("leave") == []
    await bob.tries("Wake it")
    await alice.sees("bob", "online")
    await expect(bob.frames("hello").last).to_contain_text('"resumed":true')
    await expect(bob.page.locator("#panes")).not_to_have_attribute("inert", "")


async def test_a_cut_connection_shows_the_last_known_and_brings_what_was_missed(
    serve: Serve, visit: Visit
) -> None:
    url = serve().url
    alice, bob = await visit(url, "alice"), await visit(url, "bob")
    await bob.sees("alice", "online")
    await bob.tries("Cut the connection")
    await bob.is_connected("offline")
    await alice.choose("Do not disturb")
    await alice.is_shown_as("dnd")
    await bob.sees("alice", "online")
    await expect(bob.contact("alice").get_by_role("img", name="not up to date")).to_be_visible()
    await bob.tries("Mend it")
    await bob.sees("alice", "dnd")
    await bob.is_connected()
    await expect(bob.frames("hello").last).to_contain_text('"resumed":true')
    await expect(bob.frames("snapshot")).to_have_count(1)


async def test_a_restart_is_followed(serve: Serve, visit: Visit, redis_url: str) -> None:
    service = serve(drain=0.2, redis_url=redis_url)
    alice = await visit(service.url, "alice")
    await alice.is_connected()
    await alice.tries("Restart the server")
    await alice.is_told("press Ctrl-C in the terminal")
    service.stop(signal.SIGINT)
    await alice.is_told("all stay as they were")
    serve("--port", service.url.rpartition(":")[2], redis_url=redis_url)
    await alice.is_told("went on where it was")
    await alice.is_shown_as("online")
