"""Users who were disconnected: their streams end, and credentials that were issued before are refused.

Each process reads several times a ping who was. While the store is out of reach it goes by what it knows; a
process that starts without the store serves nobody anything, and reads it with the first that it can.
"""

from __future__ import annotations

import asyncio
import logging

from sse_presence.errors import StoreUnavailable
from sse_presence.fanout.hub import Hub
from sse_presence.store.store import Store

_OVERLAP = 60_000
"""Milliseconds that are read again each time: what is written does not become visible in its order."""

log = logging.getLogger("sse_presence")


class Revocations:
    """What this process knows of them."""

    def __init__(self, store: Store, hub: Hub, every: float) -> None:
        """Read again `every` so many seconds."""
        self._store = store
        self._hub = hub
        self._every = every
        self._revoked: dict[str, int] = {}
        """User → when it was last disconnected (store time, milliseconds); bounded by what admins do."""
        self._latest = 0
        """Place of the latest that was read."""
        self.read = asyncio.Event()
        """Set once they were read for the first time."""

    def refuses(self, user: str, issued: int | None) -> bool:
        """Whether credentials of then (milliseconds) are no longer good; without a time they always are."""
        at = self._revoked.get(user)
        return at is not None and issued is not None and issued <= at

    async def revoke(self, user: str) -> int:
        """Disconnect a user everywhere; the store time of it. Raises StoreUnavailable."""
        at = await self._store.revoke(user)
        self._learn(user, at)
        return at

    async def run(self) -> None:
        """Learn what other processes did, until cancelled."""
        while True:
            try:
                notes = await self._store.revoked(self._latest - _OVERLAP)
                # Not even the latest: they were lost, and what comes may be noted by a slower clock.
                self._latest = notes[-1][0] if notes else 0
                for _, user, at in notes:
                    self._learn(user, at)
                self.read.set()
            except StoreUnavailable as error:
                log.debug("Who was disconnected is not known: %s", error)
            await asyncio.sleep(self._every)

    def _learn(self, user: str, at: int) -> None:
        if at <= self._revoked.get(user, 0):
            return
        self._revoked[user] = at
        now = asyncio.get_running_loop().time()
        for stream in self._hub.register.streams:
            if stream.viewer == user:
                self._hub.end(stream, now, "revoked")
