"""Keeps time moving in the store: sweeps whatever is due, as rarely as all processes together need.

Every sweep is heard by all processes as a mark. Each waits a random part of the interval after the last
mark, so that one of them sweeps and the others have no reason to: the work does not grow with their number.
When the store is out of reach a sweep is tried again, a little later each time.
"""

from __future__ import annotations

import asyncio
import logging
from math import isfinite
from random import Random

from sse_presence.errors import StoreUnavailable
from sse_presence.settings import Settings
from sse_presence.store.store import Store

_EARLY = 0.7
"""The first of many processes sweeps after about this part of the interval, a lone one before its end."""

_LONGEST_PAUSE = 2.0
"""Seconds between two attempts while the store is out of reach."""

log = logging.getLogger("sse_presence")


class Sweeper:
    """One task that sweeps when nobody else did."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._interval = settings.sweep / 1000
        self._random = Random()  # noqa: S311 - spreads load, keeps no secret
        self._marked: dict[int, float] = {}
        """Partition → loop time of its last mark."""
        self.failing = False
        """Whether the store was out of reach when it was last swept."""

    def heard(self, partition: int) -> None:
        """A mark of the partition was heard."""
        self._marked[partition] = asyncio.get_running_loop().time()

    @property
    def lag(self) -> float:
        """Seconds by which the sweep of the partition that waits longest is overdue."""
        overdue = asyncio.get_running_loop().time() - self._oldest() - self._interval
        return max(0.0, overdue) if isfinite(overdue) else 0.0

    async def run(self) -> None:
        """Sweep until cancelled."""
        failures = 0
        while True:
            if not self.failing:  # what others sweep does not say that this process reaches the store again
                await self._wait()
            try:
                await self._store.tick()
            except StoreUnavailable as error:
                failures += 1
                if not self.failing:
                    log.warning("Sweeping fails: %s", error)
                self.failing = True
                await asyncio.sleep(min(0.25 * 2**failures, _LONGEST_PAUSE) * self._random.uniform(0.5, 1))
                continue
            if self.failing:
                log.info("Sweeping again")
            self.failing, failures = False, 0
            now = asyncio.get_running_loop().time()
            self._marked = dict.fromkeys(range(self._store.partitions), now)

    async def _wait(self) -> None:
        """Until the partition marked longest ago has gone without a mark for most of an interval."""
        loop = asyncio.get_running_loop()
        interval = self._interval * self._random.uniform(_EARLY, 1)
        rest = self._oldest() + interval - loop.time()
        while rest > 0:
            await asyncio.sleep(rest)
            rest = self._oldest() + interval - loop.time()

    def _oldest(self) -> float:
        if len(self._marked) < self._store.partitions:
            return float("-inf")
        return min(self._marked.values())
