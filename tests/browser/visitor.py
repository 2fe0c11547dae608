"""Someone before the demo page: what they do and what they see, in the words of the page."""

from __future__ import annotations

import json
from typing import Any

from playwright.async_api import Locator, Page, Request, expect


class Visitor:
    """One page, signed in under a name."""

    def __init__(self, name: str, page: Page) -> None:
        self.name = name
        self.page = page
        self.faults: list[str] = []
        """What the page threw."""
        self.posted: list[tuple[str, dict[str, Any]]] = []
        """Signals that the page sent: the last part of the path, and the body."""
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("request", self._request)

    def _request(self, request: Request) -> None:
        if request.method == "POST" and request.post_data:
            path = request.url.partition("?")[0]
            self.posted.append((path.rpartition("/")[2], json.loads(request.post_data)))

    def bodies(self, signal: str) -> list[dict[str, Any]]:
        """The bodies of the signals of one kind, in order."""
        return [body for path, body in self.posted if path == signal]

    # What is there

    @property
    def me(self) -> Locator:
        """The card of the one who is signed in."""
        return self.page.get_by_role("region", name="You")

    @property
    def typing(self) -> Locator:
        """The line that says who types."""
        return self.page.locator("#typing .words")

    @property
    def message(self) -> Locator:
        """The message box."""
        return self.page.get_by_label("Message to #general")

    def contact(self, name: str) -> Locator:
        """The row of a contact."""
        return self.page.get_by_role("list", name="Contacts").locator(f'[data-user="{name}"]')

    def frames(self, kind: str) -> Locator:
        """Raw events of one type in the events panel."""
        return self.page.locator(f'#frames [data-type="{kind}"]')

    # What they see

    async def sees(self, name: str, status: str) -> None:
        """Wait until a contact has this status."""
        await expect(self.contact(name)).to_have_attribute("data-status", status)

    async def is_shown_as(self, status: str) -> None:
        """Wait until the own card says this status."""
        await expect(self.me).to_have_attribute("data-status", status)

    async def is_connected(self, state: str = "live") -> None:
        """Wait until the connection is in this state."""
        await expect(self.page.locator("#connection")).to_have_attribute("data-state", state)

    async def is_told(self, words: str) -> None:
        """Wait until the row of trials says so."""
        await expect(self.page.locator("#trial-words")).to_contain_text(words)

    # What they do

    async def tries(self, trial: str) -> None:
        """Press a button of the "try it" row."""
        await self.page.get_by_role("region", name="Try it").get_by_role("button", name=trial).click()

    async def choose(self, status: str, *, text: str = "", emoji: str = "", clear: str = "") -> None:
        """Set a status with the picker; `status` and `clear` are the words of the page."""
        await self.page.locator("#set-status").click()
        picker = self.page.get_by_role("dialog", name="Set your status")
        await picker.get_by_text(status, exact=True).click()
        await picker.get_by_label("Status text").fill(text)
        await picker.get_by_label("Emoji").fill(emoji)
        if clear:
            await picker.get_by_label("Clear after").select_option(label=clear)
        await picker.get_by_role("button", name="Save").click()
        await expect(picker).to_be_hidden()
