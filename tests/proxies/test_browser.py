"""A real browser before real proxies: as many streams as a page likes, and its cookie is good."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import async_playwright

from tests.browser.conftest import FLAGS, chromium
from tests.proxies.conftest import Before, Node, proxies, ways
from tests.proxies.visitor import token

pytestmark = [pytest.mark.proxies, pytest.mark.browser]

STREAMS = 10
"""More than the six connections that a browser opens to an origin over HTTP/1.1."""

OPEN_AND_SIGNAL = """async (count) => {
    const streams = Array.from({length: count}, () => new Promise((resolve) => {
        const source = new EventSource("/v1/events?user=alice");
        source.addEventListener("snapshot", () => resolve(source.readyState));
    }));
    const states = await Promise.all(streams);
    const headers = {"Content-Type": "application/json"};
    const answer = await fetch("/v1/heartbeat", {method: "POST", headers, body: '{"device":"laptop"}'});
    const [entry] = performance.getEntriesByType("navigation");
    return {states, status: answer.status, protocol: entry.nextHopProtocol};
}"""


@proxies
@ways
async def test_one_page_holds_many_streams_over_http_2(
    name: str, where: Path, node: Node, before: Before
) -> None:
    proxy = before(name, where, node())
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        context = await browser.new_context(ignore_https_errors=True)
        await context.add_cookies([{"name": "presence_token", "value": token("alice"), "url": proxy.url}])
        page = await context.new_page()
        await page.goto(f"{proxy.url}/healthz")
        told = await page.evaluate(OPEN_AND_SIGNAL, STREAMS)
        await browser.close()
    assert told == {"states": [1] * STREAMS, "status": 200, "protocol": "h2"}
