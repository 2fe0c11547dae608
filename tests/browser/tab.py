"""A page that uses the library, as its scripts see it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from playwright.async_api import Page

_LOOKS = """
    for (const [name, value] of [["visibilityState", hidden ? "hidden" : "visible"], ["hidden", hidden]]) {
        Object.defineProperty(document, name, {configurable: true, get: () => value});
    }
    document.dispatchEvent(new Event("visibilitychange"));
"""

HIDE = "const hidden = true;" + _LOOKS
SHOW = "const hidden = false;" + _LOOKS
"""A headless page is always seen; these say otherwise, and take it back."""

LIMIT = 30_000
"""Milliseconds: a limit for a loaded machine, not an expectation."""


class Tab:
    """One page at a gate, which has called `connect`."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.faults: list[str] = []
        """What the page threw."""
        page.on("pageerror", lambda error: self.faults.append(str(error)))

    async def start(self, options: str) -> None:
        """Connect, with options in JavaScript."""
        await self.page.evaluate(f"start({options})")

    async def until(self, condition: str, limit: int = LIMIT) -> None:
        """Wait until an expression holds in the page."""
        await self.page.wait_for_function(condition, timeout=limit, polling=50)

    async def is_in(self, state: str, limit: int = LIMIT) -> None:
        """Wait until the connection is in this state."""
        await self.until(f"presence.state === {json.dumps(state)}", limit)

    async def sees(self, user: str, status: str) -> None:
        """Wait until a user has this status."""
        await self.until(f"presence.get({json.dumps(user)})?.status === {json.dumps(status)}")

    async def crash(self) -> None:
        """End the page's process, which then says nothing to anybody."""
        session = await self.page.context.new_cdp_session(self.page)
        async with self.page.expect_event("crash"):
            crashing = asyncio.create_task(session.send("Page.crash"))
        crashing.cancel()  # it is never answered
        await asyncio.wait([crashing])

    async def do(self, script: str) -> None:
        """Run statements in the page."""
        await self.page.evaluate(f"() => {{ {script} }}")

    async def get(self, expression: str) -> Any:
        """The value of an expression in the page."""
        return await self.page.evaluate(expression)

    async def count(self, kind: str) -> int:
        """How many events of one type came."""
        found: list[str] = await self.page.evaluate("events.map(({type}) => type)")
        return found.count(kind)
