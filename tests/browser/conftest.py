"""A real Chromium, and people who sit before it.

Without a Chromium these tests are skipped and say what they need; where `CI` is set they fail instead.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from playwright.async_api import Browser, async_playwright, expect

from tests.browser.visitor import Visitor

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""What a container needs, and no calls home."""

expect.set_options(timeout=30_000)  # a limit for a loaded machine, not an expectation

Visit = Callable[..., Awaitable[Visitor]]
"""`visit(url, name)` opens the page of `name`; keywords go to the browser context."""


def chromium() -> str:
    """Where Chromium is; without one the test is skipped, in CI failed."""
    found = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if found:
        return found
    needed = f"No {' or '.join(PROGRAMS)} on the PATH: install Debian's package `chromium`."
    if os.environ.get("CI"):
        pytest.fail(needed)
    pytest.skip(needed)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """One Chromium for one test: an event loop ends with its test, and a connection with its loop."""
    program = chromium()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        await browser.close()


@pytest.fixture
async def visit(browser: Browser) -> AsyncIterator[Visit]:
    """Open pages, each in a context of its own; an error that a page throws fails the test."""
    visitors: list[Visitor] = []

    async def visit(url: str, name: str, **options: object) -> Visitor:
        context = await browser.new_context(**options)  # type: ignore[arg-type] # passed through
        visitor = Visitor(name, await context.new_page())
        visitors.append(visitor)
        await visitor.page.goto(f"{url}/?as={name}")
        return visitor

    yield visit
    assert [fault for visitor in visitors for fault in visitor.faults] == []
