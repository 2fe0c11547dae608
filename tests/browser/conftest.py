"""A real Chromium, and people who sit before it.

Without a Chromium these tests are skipped and say what they need; where `CI` is set they fail instead.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Protocol

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, async_playwright, expect

from tests.browser.gate import Gate, gate_before
from tests.browser.tab import Tab
from tests.browser.visitor import Visitor

HERE = Path(__file__).parent

fixture = pytest_asyncio.fixture(loop_scope="session")
"""For what is made in the loop of these tests."""

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


class OpenGate(Protocol):
    """Open a gate before a service."""

    async def __call__(self, target: str) -> Gate: ...


class OpenTab(Protocol):
    """Open a page at a gate and let it connect; without a context, in a browser of its own.

    `token` is what its scripts can call as `token()`.
    """

    async def __call__(
        self,
        gate: Gate,
        options: str,
        context: BrowserContext | None = None,
        token: Callable[[], str] | None = None,
    ) -> Tab: ...


def chromium() -> str:
    """Where Chromium is; without one the test is skipped, in CI failed."""
    found = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if found:
        return found
    needed = f"No {' or '.join(PROGRAMS)} on the PATH: install Debian's package `chromium`."
    if os.environ.get("CI"):
        pytest.fail(needed)
    pytest.skip(needed)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let these tests share an event loop: a connection to a browser lives in the loop that made it."""
    shared = pytest.mark.asyncio(loop_scope="session")
    for item in items:
        if item.path.is_relative_to(HERE) and pytest_asyncio.is_async_test(item):
            item.add_marker(shared, append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium_of_all() -> AsyncIterator[Browser]:
    """One Chromium for all tests of a process: it takes a second to start."""
    program = chromium()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        await browser.close()


@fixture
async def browser(chromium_of_all: Browser) -> AsyncIterator[Browser]:
    """A Chromium in which nothing of other tests is open, or left."""
    yield chromium_of_all
    for context in chromium_of_all.contexts:
        await context.close()


@fixture
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


@fixture
async def open_gate() -> AsyncIterator[OpenGate]:
    """Open gates; they end after the pages that are at them."""
    async with AsyncExitStack() as stack:

        async def open_gate(target: str) -> Gate:
            return await stack.enter_async_context(gate_before(target))

        yield open_gate


@fixture
async def open_tab(open_gate: OpenGate, browser: Browser) -> AsyncIterator[OpenTab]:  # noqa: ARG001 - gates end later
    """Open pages that use the library; an error that one throws fails the test."""
    tabs: list[Tab] = []
    contexts: list[BrowserContext] = []

    async def open_tab(
        gate: Gate,
        options: str,
        context: BrowserContext | None = None,
        token: Callable[[], str] | None = None,
    ) -> Tab:
        context = context or await browser.new_context()
        contexts.append(context)
        page = await context.new_page()
        tab = Tab(page)
        tabs.append(tab)
        if token:
            await page.expose_function("token", token)
        await page.goto(f"{gate.url}/page")
        await tab.start(options)
        return tab

    yield open_tab
    for context in contexts:
        await context.close()
    assert [fault for tab in tabs for fault in tab.faults] == []
