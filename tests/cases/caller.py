"""A user, as its clients signal and ask: one call a method, each of which must be answered 200."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from tests.running import meanwhile

SHORT: dict[str, Any] = {
    "heartbeat": 1,
    "grace": 0.6,
    "idle_after": 10,
    "hidden_idle_after": 10,
    "presence_window": 0.2,
    "typing_window": 0.1,
    "typing_ttl": 1.2,
    "sweep": 0.2,
    "heartbeat_rate": "off",
    "status_rate": "off",
    "typing_rate": "off",
    "query_rate": "off",
}
"""Settings under which life is short: three seconds without a signal are death, and nobody is too fast."""

LATE = 5.0
"""Seconds that something may come later than it should on a loaded machine."""


@dataclass(frozen=True)
class Answer:
    """What a query answered."""

    records: dict[str, dict[str, Any]]
    time: int

    def status(self, user: str) -> str:
        return str(self.records[user]["status"])


class Caller:
    """One user at one process; `at` moves to another process."""

    def __init__(self, http: httpx.AsyncClient, url: str, user: str) -> None:
        self._http = http
        self.url = url
        self.user = user

    def at(self, url: str) -> Caller:
        """The same user, calling another process."""
        return Caller(self._http, url, self.user)

    async def beat(self, device: str = "laptop", **fields: Any) -> dict[str, Any]:
        """A heartbeat."""
        return await self._post("heartbeat", {"device": device, **fields})

    async def choose(self, status: str, **fields: Any) -> dict[str, Any]:
        """What to show; the own record."""
        return await self._post("status", {"status": status, **fields})

    async def types(
        self, channel: str = "room", *, device: str = "laptop", typing: bool = True, **fields: Any
    ) -> dict[str, Any]:
        """A start or a stop of typing."""
        return await self._post("typing", {"device": device, "channel": channel, "typing": typing, **fields})

    async def leave(self, device: str = "laptop", **fields: Any) -> dict[str, Any]:
        """A device goes."""
        return await self._post("leave", {"device": device, **fields})

    async def ask(self, *users: str) -> Answer:
        """The records of these users, by default of oneself."""
        answer = await self._post("presence", {"users": users or (self.user,)})
        return Answer({record["user"]: record for record in answer["users"]}, answer["time"])

    @asynccontextmanager
    async def beating(self, every: float = 0.3, device: str = "laptop", **fields: Any) -> AsyncIterator[None]:
        """Heartbeats in the background, the first before the block begins."""
        await self.beat(device, **fields)
        async with meanwhile(self._beat_on(every, device, fields)):
            yield

    async def _beat_on(self, every: float, device: str, fields: dict[str, Any]) -> None:
        while True:
            await asyncio.sleep(every)
            await self.beat(device, **fields)

    async def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {"X-Presence-User": self.user}
        answer = await self._http.post(f"{self.url}/v1/{path}", json=body, headers=headers)
        assert answer.status_code == httpx.codes.OK, answer.text
        return dict(answer.json())
