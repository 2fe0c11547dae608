"""Nothing serious is found by axe-core, wherever a visitor gets to on the demo page."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import Browser, Page

from tests.browser.conftest import Visit
from tests.conftest import Serve

pytestmark = [pytest.mark.browser, pytest.mark.node]

AXE = Path(__file__).parents[1] / "foreign" / "node_modules" / "axe-core" / "axe.min.js"

FINDINGS = """async () => (await axe.run()).violations
    .filter(({impact}) => ["serious", "critical"].includes(impact))
    .map(({id, nodes}) => `${id}: ${nodes.map(({target}) => target.flat().join(" ")).join(", ")}`)"""


async def _findings(page: Page) -> list[str]:
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE.read_text())
    # Colours on their way from one to the other are no finding.
    await page.evaluate("Promise.all(document.getAnimations().map(({finished}) => finished.catch(() => {})))")
    findings: list[str] = await page.evaluate(FINDINGS)
    return findings


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_page_in_use(serve: Serve, visit: Visit, scheme: Literal["light", "dark"]) -> None:
    url = serve().url
    alice = await visit(url, "alice", color_scheme=scheme, reduced_motion="reduce")
    bob = await visit(url, "bob")
    await alice.sees("bob", "online")
    await bob.choose("Do not disturb", text="Deep work", emoji="🎧", clear="1 hour")
    await bob.message.press_sequentially("Hello")
    await alice.sees("bob", "dnd")
    await alice.message.fill("Hello")
    await alice.message.press("Enter")
    assert await _findings(alice.page) == []
    await alice.tries("Cut the connection")
    await alice.is_connected("offline")
    assert await _findings(alice.page) == []
    await alice.tries("Mend it")
    await alice.page.locator("#set-status").click()
    assert await _findings(alice.page) == []


async def test_the_page_on_a_phone_and_the_way_in(serve: Serve, visit: Visit, browser: Browser) -> None:
    url = serve().url
    size = {"width": 360, "height": 640}
    carol = await visit(url, "carol", viewport=size, has_touch=True, reduced_motion="reduce")
    await carol.is_shown_as("online")
    for pane in ("Events", "Channel", "People"):
        await carol.page.get_by_role("button", name=pane, exact=True).click()
        assert await _findings(carol.page) == []
    page = await browser.new_page(reduced_motion="reduce")
    await page.goto(url)
    await page.get_by_label("Your name").press("Enter")
    assert await _findings(page) == []
