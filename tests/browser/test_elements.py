"""The elements, shown a presence that the test makes up: what they say, watch, and let go of."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, Page, Route, expect

from sse_presence.http.pages import folder
from tests.browser.conftest import fixture

pytestmark = pytest.mark.browser

PRESENCE = """
window.presence = {
  state: "live", records: {}, typists: {}, watched: [], listeners: [],
  now: () => 1e12,
  get(user) { return this.records[user]; },
  typing(channel) { return this.typists[channel] ?? {users: [], count: 0}; },
  watch(interest) {
    const entry = JSON.stringify(interest);
    this.watched.push(entry);
    return () => this.watched.splice(this.watched.indexOf(entry), 1);
  },
  on(type, listener) {
    const entry = {type, listener};
    this.listeners.push(entry);
    return () => this.listeners.splice(this.listeners.indexOf(entry), 1);
  },
  tell(type) { for (const entry of this.listeners) if (entry.type === type) entry.listener({}); },
  learn(record) { this.records[record.user] = record; this.tell("presence"); },
  types(...users) { this.typists.general = {users, count: users.length}; this.tell("typing"); },
};
window.elements = await import("/elements.js");
"""

PAGE = """<!doctype html><html lang="en"><title>Elements</title><body>
<presence-badge user="ann">Ann</presence-badge>
<presence-badge user="bob" compact></presence-badge>
<typing-indicator channel="general"></typing-indicator>
</body></html>"""

CHANGES_TOLD = """() => {
  const told = document.querySelector("typing-indicator").shadowRoot.querySelector("[aria-live]");
  window.told = [];
  const options = {childList: true, characterData: true, subtree: true};
  new MutationObserver(() => window.told.push(told.textContent)).observe(told, options);
}"""


@fixture
async def page(browser: Browser) -> Page:
    """A page with elements under a strict policy, and `presence`, which nobody has provided yet."""
    page = await browser.new_page()

    async def answer(route: Route) -> None:
        name = urlsplit(route.request.url).path.removeprefix("/")
        if name:
            await route.fulfill(path=folder() / name)
        else:
            policy = {"Content-Security-Policy": "default-src 'none'; script-src 'self'"}
            await route.fulfill(content_type="text/html", body=PAGE, headers=policy)

    await page.route("**/*", answer)
    await page.goto("http://elements.test/")
    await page.evaluate(f"async () => {{ {PRESENCE} }}")
    return page


async def test_a_badge_shows_what_is_known_and_keeps_up(page: Page) -> None:
    badge = page.locator("presence-badge[user=ann]")
    await expect(badge.get_by_role("img", name="Unknown")).to_be_visible()
    await expect(badge).to_have_attribute("status", "unknown")
    await page.evaluate("void elements.provide(presence)")
    hour_ago = "{user: 'ann', status: 'idle', last_seen: 1e12 - 4e6, devices: ['mobile', 'web']}"
    await page.evaluate(f"presence.learn({hour_ago})")
    await expect(badge).to_have_attribute("status", "idle")
    await expect(badge.get_by_role("img", name="Away, an hour ago, on phone and browser")).to_be_visible()
    await expect(badge.locator(".words")).to_have_text("Away · an hour ago")
    await expect(badge.locator("svg")).to_have_count(2)
    await page.evaluate("presence.learn({user: 'ann', status: 'online'})")
    await expect(badge.get_by_role("img", name="Online", exact=True)).to_be_visible()
    await expect(badge.locator("svg")).to_have_count(0)
    await page.evaluate("() => { presence.state = 'offline'; presence.tell('state') }")
    await expect(badge.get_by_role("img", name="Online, not up to date")).to_be_visible()


async def test_words_age_without_an_event(page: Page) -> None:
    await page.evaluate("document.body.replaceChildren()")
    await page.clock.install()
    await page.evaluate("document.body.innerHTML = '<presence-badge user=ann></presence-badge>'")
    await page.evaluate("void elements.provide(presence)")
    await page.evaluate("presence.learn({user: 'ann', status: 'offline', last_seen: 1e12})")
    words = page.locator("presence-badge[user=ann] .words")
    await expect(words).to_have_text("Offline · just now")
    await page.evaluate("presence.now = () => 1e12 + 7 * 60_000")
    await page.clock.run_for(31_000)
    await expect(words).to_have_text("Offline · a few minutes ago")


async def test_a_compact_badge_is_a_dot_that_says_everything(page: Page) -> None:
    await page.evaluate("void elements.provide(presence)")
    await page.evaluate("presence.learn({user: 'bob', status: 'dnd', devices: ['bot']})")
    badge = page.locator("presence-badge[user=bob]")
    await expect(badge.get_by_role("img", name="Do not disturb, on bot")).to_be_visible()
    await expect(badge.locator(".words")).to_be_hidden()
    box = await badge.bounding_box()
    assert box is not None
    assert box["width"] == box["height"]


async def test_elements_watch_while_they_stand_in_the_page(page: Page) -> None:
    assert await page.evaluate("presence.watched") == []
    await page.evaluate("void (window.stop = elements.provide(presence))")
    ann, bob, general = '{"users":["ann"]}', '{"users":["bob"]}', '{"channels":["general"]}'
    assert sorted(await page.evaluate("presence.watched")) == [general, ann, bob]
    await page.evaluate("document.querySelector('presence-badge').user = 'eve'")
    assert sorted(await page.evaluate("presence.watched")) == [general, bob, '{"users":["eve"]}']
    await page.evaluate("document.querySelector('presence-badge').remove()")
    assert sorted(await page.evaluate("presence.watched")) == [general, bob]
    await page.evaluate("document.querySelector('presence-badge').user = null")
    await page.evaluate("document.querySelector('typing-indicator').channel = undefined")
    assert await page.evaluate("presence.watched") == []
    await page.evaluate("document.querySelector('presence-badge').user = 'bob'")
    assert await page.evaluate("presence.watched") == [bob]
    await page.evaluate("stop()")
    assert await page.evaluate("[presence.watched, presence.listeners]") == [[], []]
    await page.evaluate("elements.provide({...presence, watched: [], listeners: []}); void stop()")
    await page.evaluate("document.body.append(document.createElement('presence-badge'))")
    await expect(page.locator("presence-badge").last).to_have_attribute("status", "unknown")


async def test_typing_is_named_as_the_application_names_people(page: Page) -> None:
    await page.evaluate("void elements.provide(presence, {name: user => user.toUpperCase()})")
    indicator = page.locator("typing-indicator")
    words = indicator.locator(".words")
    height = await indicator.evaluate("element => element.offsetHeight")
    for typists, text in (
        (["ann"], "ANN is typing"),
        (["ann", "bob"], "ANN and BOB are typing"),
        (["ann", "bob", "cay"], "ANN and 2 others are typing"),
        ([], ""),
    ):
        await page.evaluate("typists => presence.types(...typists)", typists)
        await expect(words).to_have_text(text)
        assert await indicator.evaluate("element => element.offsetHeight") == height


async def test_a_lively_channel_does_not_talk_over_the_page(page: Page) -> None:
    await page.clock.install()
    await page.evaluate("void elements.provide(presence)")
    await page.evaluate(CHANGES_TOLD)
    for _ in range(5):
        await page.evaluate("presence.types('ann')")
        await page.evaluate("presence.types('ann', 'bob')")
        await page.evaluate("presence.types()")
        await page.clock.run_for(2_000)
    assert await page.evaluate("told") == ["ann is typing"]
    await page.clock.run_for(10_000)
    await page.evaluate("presence.types('bob')")
    await page.evaluate("presence.types('bob', 'ann')")
    assert (await page.evaluate("told"))[-1] == "bob is typing"


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_dots_stand_out_on_either_ground_and_follow_the_page(
    page: Page, scheme: Literal["light", "dark"]
) -> None:
    await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    await page.evaluate("document.documentElement.style.colorScheme = 'light dark'")
    await page.evaluate("void elements.provide(presence)")
    for status in ("online", "idle", "dnd", "offline"):
        await page.evaluate("status => presence.learn({user: 'ann', status})", status)
        colour = await page.locator("presence-badge[user=ann] .mark").evaluate(
            "mark => getComputedStyle(mark).backgroundColor.match(/[\\d.]+/g).slice(0, 3).map(Number)"
        )
        ground = (255, 255, 255) if scheme == "light" else (18, 18, 18)
        assert _contrast(colour, ground) >= 3, (status, colour)
    await page.evaluate("document.documentElement.style.setProperty('--presence-offline', 'rgb(1, 2, 3)')")
    mark = page.locator("presence-badge[user=ann] .mark")
    await expect(mark).to_have_css("background-color", "rgb(1, 2, 3)")


def _luminance(colour: list[float] | tuple[int, int, int]) -> float:
    red, green, blue = (
        part / 255 / 12.92 if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in colour
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: list[float] | tuple[int, int, int], other: tuple[int, int, int]) -> float:
    """The contrast of two colours as WCAG 2 counts it; shapes need 3."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)
