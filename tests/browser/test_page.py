"""The page itself: the way in, the contact list, the events panel, and that everyone can use it."""

from __future__ import annotations

import re
from typing import Literal

import pytest
from playwright.async_api import Browser, Page, expect
from starlette.applications import Starlette
from starlette.routing import Mount

from sse_presence.app import create_app, lifespan
from sse_presence.settings import settings_from
from tests.browser.conftest import Visit
from tests.browser.visitor import Visitor
from tests.conftest import Serve
from tests.running import environment, live_service

pytestmark = pytest.mark.browser

NAMED_ROLES = {
    "button",
    "checkbox",
    "combobox",
    "dialog",
    "image",
    "link",
    "log",
    "navigation",
    "radio",
    "region",
    "switch",
    "textbox",
}
"""What can be used, landed on or told of, and so needs a name."""

DUPLICATES = """() => {
    const ids = [...document.querySelectorAll("[id]")].map(element => element.id);
    return ids.filter((id, index) => ids.indexOf(id) !== index);
}"""


async def _unnamed(page: Page) -> list[str]:
    """Roles that the browser would announce without a name."""
    session = await page.context.new_cdp_session(page)
    tree = await session.send("Accessibility.getFullAXTree")
    await session.detach()
    nodes = [node for node in tree["nodes"] if not node["ignored"]]
    assert len(nodes) > 10
    found = [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes]
    return [role for role, name in found if role in NAMED_ROLES and not name.strip()]


async def test_a_name_signs_in_and_signing_out_leads_back(serve: Serve, browser: Browser) -> None:
    url = serve().url
    page = await browser.new_page()
    await page.goto(url)
    name = page.get_by_label("Your name")
    await expect(name).to_be_focused()
    await name.press("Enter")
    await expect(page.get_by_role("alert").filter(has_text="Enter a name.")).to_be_visible()
    await name.fill("ö" * 65)
    await name.press("Enter")
    await expect(page.get_by_role("alert").filter(has_text="128 bytes")).to_be_visible()
    await name.fill("  a&b=ç ✓ ")
    await name.press("Enter")
    visitor = Visitor("a&b=ç ✓", page)
    await visitor.is_connected()
    await visitor.is_shown_as("online")
    await expect(visitor.me).to_contain_text("a&b=ç ✓")
    await expect(page).to_have_title("a&b=ç ✓ · SSE Presence")
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("link", name="bob")).to_have_attribute("href", f"{url}/?as=bob")
    await page.get_by_role("link", name="bob").click()
    await expect(visitor.me).to_contain_text("bob")
    assert visitor.faults == []


async def test_contacts_are_added_watched_kept_and_removed(serve: Serve, visit: Visit) -> None:
    url = serve().url
    alice = await visit(url, "alice")
    await alice.is_connected()
    field = alice.page.get_by_label("Add a contact")
    await field.fill("alice")
    await field.press("Enter")
    await expect(alice.page.get_by_text("That is you.")).to_be_visible()
    await field.fill("erin")
    await field.press("Enter")
    await alice.sees("erin", "offline")
    await visit(url, "erin")
    await alice.sees("erin", "online")
    await alice.page.reload()
    await alice.sees("erin", "online")
    await alice.contact("erin").hover()
    await alice.page.get_by_role("button", name="Remove erin").click()
    await expect(alice.contact("erin")).to_have_count(0)
    await alice.is_connected()
    await alice.page.reload()
    await alice.sees("bob", "offline")
    await expect(alice.contact("erin")).to_have_count(0)


async def test_the_panel_shows_events_as_they_come(serve: Serve, visit: Visit) -> None:
    url = serve(ping=1).url
    alice = await visit(url, "alice")
    snapshot = alice.frames("snapshot")
    await expect(snapshot.locator("code")).to_have_text(re.compile(r'^\{"users":\[.*"part":1,"parts":1.*\}$'))
    await expect(snapshot.locator(".frame-id")).to_have_text(re.compile(r"^id [\w.-]{1,64}$"))
    await expect(alice.frames("ping").first).to_be_attached()
    await expect(alice.frames("ping").first.locator(".frame-id")).to_have_text("")
    pause = alice.page.get_by_role("button", name="Pause")
    await pause.click()
    await alice.page.get_by_role("button", name="Clear").click()
    await visit(url, "bob")
    await alice.sees("bob", "online")
    await expect(alice.page.locator("#frames li")).to_have_count(0)
    await alice.page.get_by_role("button", name="Resume").click()
    await expect(alice.frames("presence").filter(has_text='"user":"bob"').first).to_be_attached()


async def test_a_service_that_refuses_the_page_is_named(serve: Serve, visit: Visit) -> None:
    alice = await visit(serve().url, "alice")
    await alice.is_connected()
    await alice.page.route("**/v1/events?*", lambda route: route.fulfill(status=401))
    await alice.page.reload()
    await expect(alice.page.locator("#connection")).to_have_text("Refused")
    await expect(alice.page.get_by_role("alert").filter(has_text="needs open mode")).to_be_visible()


async def test_the_page_works_under_a_prefix(redis_url: str, visit: Visit) -> None:
    presence = create_app(settings_from(environment(redis_url, {})))
    app = Starlette(routes=[Mount("/our/presence", presence)], lifespan=lambda _: lifespan(presence))
    async with live_service(app) as url:
        alice = await visit(f"{url}/our/presence", "alice")
        bob = await visit(f"{url}/our/presence", "bob")
        await alice.sees("bob", "online")
        await bob.message.press_sequentially("Hello")
        await expect(alice.typing).to_have_text("bob is typing")
        await alice.page.goto("about:blank")
        await bob.page.goto("about:blank")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_it_fits_a_phone(serve: Serve, visit: Visit, scheme: Literal["light", "dark"]) -> None:
    alice = await visit(
        serve().url, "alice", viewport={"width": 360, "height": 640}, color_scheme=scheme, has_touch=True
    )
    await alice.is_connected()
    for pane in ("Channel", "Events", "People"):
        await alice.page.get_by_role("button", name=pane, exact=True).click()
        width = await alice.page.evaluate("document.documentElement.scrollWidth")
        assert width == 360
        assert await _unnamed(alice.page) == []
    await alice.page.locator("#set-status").click()
    save = await alice.page.get_by_role("button", name="Save").bounding_box()
    assert save is not None
    assert save["y"] + save["height"] <= 640


async def test_everything_has_a_name_and_can_be_reached_by_keys(serve: Serve, visit: Visit) -> None:
    alice = await visit(serve().url, "alice")
    await alice.is_connected()
    await alice.sees("bob", "offline")
    assert await _unnamed(alice.page) == []
    assert await alice.page.evaluate(DUPLICATES) == []
    await expect(alice.page.locator("#typing [aria-live=polite]")).to_be_attached()
    await alice.page.locator("#set-status").press("Enter")
    picker = alice.page.get_by_role("dialog", name="Set your status")
    await expect(picker).to_be_visible()
    assert await _unnamed(alice.page) == []
    await alice.page.keyboard.press("ArrowDown")
    await alice.page.keyboard.press("ArrowDown")
    await expect(picker.get_by_role("radio", name="Do not disturb")).to_be_checked()
    await alice.page.keyboard.press("Enter")
    await alice.is_shown_as("dnd")
    await expect(alice.page.locator("#set-status")).to_be_focused()
    await alice.page.keyboard.press("Enter")
    await expect(picker).to_be_visible()
    await alice.page.keyboard.press("Escape")
    await expect(picker).to_be_hidden()
