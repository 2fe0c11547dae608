"""The pages of docs/client.md are typed off as they stand, and work."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, Route, expect

from tests.conftest import Serve

pytestmark = pytest.mark.browser

DOCUMENT = (Path(__file__).parents[2] / "docs" / "client.md").read_text()
PAGES = [
    page for page in re.findall(r"```html\n(.*?)```", DOCUMENT, re.DOTALL) if page.startswith("<!doctype")
]


async def _open(browser: Browser, url: str, name: str, content: str) -> Page:
    """A page of the document, in a context of its own."""
    context = await browser.new_context()
    page = await context.new_page()

    async def answer(route: Route) -> None:
        await route.fulfill(content_type="text/html", body=content)

    await page.route("**/here.html?*", answer)
    await page.goto(f"{url}/here.html?as={name}")
    return page


def test_a_start_takes_ten_lines_and_typing_fifteen() -> None:
    assert [len(page.splitlines()) <= most for page, most in zip(PAGES, (10, 15), strict=True)] == [True] * 2


async def test_two_people_see_each_other_on_the_first_page(serve: Serve, browser: Browser) -> None:
    url = serve(grace=0.5, redis_url=None).url
    alice = await _open(browser, url, "alice", PAGES[0])
    await expect(alice.get_by_role("img", name="Online, on browser")).to_have_count(1)
    bob = await _open(browser, url, "bob", PAGES[0])
    await expect(alice.get_by_role("img", name="Online, on browser")).to_have_count(2)
    await bob.goto("about:blank")
    await expect(alice.locator("presence-badge[user=bob]").get_by_role("img", name="Offline")).to_be_visible()


async def test_and_on_the_second_one_they_see_each_other_type(serve: Serve, browser: Browser) -> None:
    url = serve(redis_url=None).url
    alice = await _open(browser, url, "alice", PAGES[1])
    bob = await _open(browser, url, "bob", PAGES[1])
    await expect(alice.locator("presence-badge[status=online]")).to_have_count(2)
    await expect(bob.locator("presence-badge[status=online]")).to_have_count(2)
    await bob.get_by_label("Message").press_sequentially("Hello")
    await expect(alice.locator("typing-indicator .words")).to_have_text("bob is typing")
    await bob.get_by_label("Message").fill("")
    await expect(alice.locator("typing-indicator .words")).to_have_text("")
