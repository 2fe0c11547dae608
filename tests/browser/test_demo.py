"""Two people before the demo page see what the other does."""

from __future__ import annotations

import re
import signal
from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Visit
from tests.conftest import Serve

pytestmark = pytest.mark.browser

QUICK: dict[str, Any] = {"heartbeat": 1, "grace": 0.5}
"""Short enough to wait for; nobody goes idle meanwhile."""

RECENTLY = re.compile(r"(active|last seen) (just now|a few minutes ago)")
"""Times are rounded down to five minutes of the clock."""


async def test_people_see_each_other_come(serve: Serve, visit: Visit) -> None:
    url = serve().url
    alice = await visit(url, "alice")
    await alice.is_connected()
    await alice.is_shown_as("online")
    await alice.sees("bob", "offline")
    await expect(alice.contact("bob")).to_contain_text("never seen")
    bob = await visit(url, "bob")
    await alice.sees("bob", "online")
    await bob.sees("alice", "online")
    await expect(alice.contact("bob").get_by_role("img", name="On a browser")).to_be_visible()
    await expect(alice.page.locator("#contacts-count")).to_have_text("1 of 3 here")
    await expect(alice.page.locator("#channel-count")).to_have_text("2 here")


async def test_typing_is_shown_and_ends_when_the_message_is_sent(serve: Serve, visit: Visit) -> None:
    url = serve(typing_ttl=30).url
    alice, bob = await visit(url, "alice"), await visit(url, "bob")
    await alice.sees("bob", "online")
    await bob.message.press_sequentially("Lunch?")
    await expect(alice.typing).to_have_text("bob is typing")
    await bob.message.press("Enter")
    await expect(alice.typing).to_have_text("")
    await expect(bob.page.get_by_role("log", name="Messages")).to_contain_text("Lunch?")
    await expect(bob.typing).to_have_text("")


async def test_the_invisible_look_offline_and_know_it(serve: Serve, visit: Visit) -> None:
    url = serve(**QUICK).url
    alice, bob = await visit(url, "alice"), await visit(url, "bob")
    await alice.sees("bob", "online")
    await bob.choose("Invisible")
    await bob.is_shown_as("invisible")
    await expect(bob.me).to_contain_text("others see you offline")
    await alice.sees("bob", "offline")
    await expect(alice.contact("bob")).to_contain_text(RECENTLY)
    await bob.sees("alice", "online")
    await bob.choose("Automatic")
    await alice.sees("bob", "online")


async def test_a_status_with_text_and_an_end_is_seen_and_cleared(serve: Serve, visit: Visit) -> None:
    url = serve().url
    alice, bob = await visit(url, "alice"), await visit(url, "bob")
    await bob.choose("Do not disturb", text="<b>Deep</b> work", emoji="🎧", clear="1 hour")
    await alice.sees("bob", "dnd")
    row = alice.contact("bob").locator(".line")
    await expect(row).to_have_text(re.compile(r"Do not disturb · 🎧 <b>Deep</b> work until \S+"))
    await expect(bob.page.locator("#set-status")).to_have_text("🎧 <b>Deep</b> work")
    await bob.page.locator("#set-status").click()
    await expect(bob.page.get_by_label("Status text")).to_have_value("<b>Deep</b> work")
    await bob.page.get_by_role("button", name="Clear status").click()
    await alice.sees("bob", "online")
    await expect(row).to_have_text("Online")


async def test_a_call_is_seen_and_ends(serve: Serve, visit: Visit) -> None:
    url = serve().url
    alice, bob = await visit(url, "alice"), await visit(url, "bob")
    await bob.page.get_by_role("switch", name="In a call").check()
    await expect(alice.contact("bob").get_by_text("In call")).to_be_visible()
    await bob.page.get_by_role("switch", name="In a call").uncheck()
    await expect(alice.contact("bob").get_by_text("In call")).to_be_hidden()


async def test_who_closes_the_tab_is_offline_after_the_grace(serve: Serve, visit: Visit) -> None:
    url = serve(heartbeat=60, grace=1).url  # one that fell silent would live for 180 s, one cut off for 65
    alice, bob = await visit(url, "alice"), await visit(url, "bob")
    await alice.sees("bob", "online")
    await bob.page.goto("about:blank")
    await alice.sees("bob", "offline")
    await expect(alice.contact("bob")).to_contain_text(RECENTLY)


async def test_a_page_survives_that_the_service_is_killed_and_resumes(
    serve: Serve, visit: Visit, redis_url: str
) -> None:
    service = serve(drain=0.2, **QUICK, redis_url=redis_url)
    port = service.url.rpartition(":")[2]
    alice, bob = await visit(service.url, "alice"), await visit(service.url, "bob")
    await alice.sees("bob", "online")
    await bob.sees("alice", "online")
    service.stop(signal.SIGKILL)
    await expect(alice.page.locator("#connection")).not_to_have_attribute("data-state", "live")
    await expect(alice.frames("bye")).to_have_count(0)
    await alice.sees("bob", "online")
    serve("--port", port, drain=0.2, **QUICK, redis_url=redis_url)
    await alice.is_connected()
    await bob.is_connected()
    await expect(alice.frames("hello").last).to_contain_text('"resumed":true')
    await expect(alice.frames("snapshot")).to_have_count(1)
    await bob.choose("Do not disturb")
    await alice.sees("bob", "dnd")
