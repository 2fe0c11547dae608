"""A page that uses the library, as its scripts see it."""

from __future__ import annotations

import json
from typing import Any

from playwright.async_api import Page

LIMIT = 30_000
"""Milliseconds: a limit for a loaded machine, not an expectation."""


class Tab:
    """One page at a gate, which has called `connect`."""

    def __init__(self, page: Page) -> None:
        self.page = page

    async def start(self, options: str) -> None:
        """Connect, with options in JavaScript."""
        await self.page.evaluate(f"start({options})")

    async def until(self, condition: str) -> None:
        """Wait until an expression holds in the page."""
        await self.page.wait_for_function(condition, timeout=LIMIT, polling=50)

    async def is_in(self, state: str) -> None:
        """Wait until the connection is in this state."""
        await self.until(f"presence.state === {json.dumps(state)}")

    async def sees(self, user: str, status: str) -> None:
        """Wait until a user has this status."""
        await self.until(f"presence.get({json.dumps(user)})?.status === {json.dumps(status)}")

    async def get(self, expression: str) -> Any:
        """The value of an expression in the page."""
        return await self.page.evaluate(expression)

    async def count(self, kind: str) -> int:
        """How many events of one type came."""
        found: list[str] = await self.page.evaluate("events.map(({type}) => type)")
        return found.count(kind)
