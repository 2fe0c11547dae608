"""Stored interests: changes of them that come to this process, and keeping alive those that streams follow.

When a change is answered, the streams of this process have it, and most likely those of all others too,
because the bus has brought it back here; if the bus is slow or down they have it when it is heard again.
"""

from __future__ import annotations

import asyncio
import logging
from random import Random

from sse_presence.domain.interest import Interest, StoredInterest
from sse_presence.fanout.hub import Hub
from sse_presence.fanout.live_interest import LiveInterest
from sse_presence.store.store import Store

KEEP = 1_200
"""Seconds between two reads of an interest that is followed: each keeps it in the store for longer."""

_HEARD_WITHIN = 1.0
"""Seconds that a change waits for the bus."""

log = logging.getLogger("sse_presence")


class Interests:
    """The stored interests that matter to this process."""

    def __init__(self, store: Store, hub: Hub) -> None:
        self._store = store
        self._hub = hub
        self._random = Random()  # noqa: S311 - spreads load, keeps no secret

    async def change(
        self, interest_id: str, owner: str, add: Interest, remove: Interest
    ) -> StoredInterest | None:
        """Remove, then add; what it is afterwards, or None where the owner has no such interest.

        Raises StoreUnavailable, and Invalid where it would become too long.
        """
        live = self._hub.register.interest(interest_id)
        heard = asyncio.Event()
        live.waiting.add(heard)
        try:
            before = await self._store.interest(interest_id)
            if before is None or before.owner != owner:
                return None
            after = await self._store.change_interest(interest_id, owner, add, remove)
            if after is not None:
                self._hub.take_change(live, after)  # also if it is a retry of what another process has done
                if after.version > before.version:
                    await self._wait(live, after.version, heard)
            return after
        finally:
            live.waiting.discard(heard)
            if live.idle:
                live.partition.drop(live)

    async def _wait(self, live: LiveInterest, version: int, heard: asyncio.Event) -> None:
        try:
            async with asyncio.timeout(_HEARD_WITHIN):
                while not live.told_of(version):
                    heard.clear()
                    await heard.wait()
        except TimeoutError:
            log.warning("A changed interest was not heard of on the bus; other processes may follow later")

    async def run(self) -> None:
        """Keep what is followed until cancelled."""
        while True:
            await asyncio.sleep(KEEP * self._random.uniform(0.8, 1))
            for partition in self._hub.register.partitions:
                for live in partition.interests.values():
                    self._hub.doubt(live)
