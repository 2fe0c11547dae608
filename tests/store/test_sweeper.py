"""Who sweeps, and what a process says of the store after it was out of reach."""

from __future__ import annotations

import asyncio
from typing import cast

from sse_presence.errors import StoreUnavailable
from sse_presence.settings import Settings
from sse_presence.store.store import Store
from sse_presence.store.sweeper import Sweeper
from tests.running import CEILING, meanwhile


class Ticks:
    """A store of one partition that answers no tick while it is `down`."""

    partitions = 1

    def __init__(self) -> None:
        self.down = True
        self.taken = 0

    async def tick(self) -> int:
        if self.down:
            raise StoreUnavailable("The store cannot be reached.")
        self.taken += 1
        return 0


async def test_a_process_notices_that_the_store_is_back_while_others_sweep() -> None:
    store = Ticks()
    sweeper = Sweeper(cast("Store", store), Settings(sweep=200))

    async def others_sweep() -> None:
        while True:
            sweeper.heard(0)
            await asyncio.sleep(0.01)

    async with asyncio.timeout(CEILING), meanwhile(sweeper.run()):
        while not sweeper.failing:  # noqa: ASYNC110 - a sweeper sets no event
            await asyncio.sleep(0.01)
        async with meanwhile(others_sweep()):
            store.down = False
            while sweeper.failing:  # noqa: ASYNC110 - likewise
                await asyncio.sleep(0.01)
            taken = store.taken
            await asyncio.sleep(1)
    assert store.taken == taken, "others do the work"
