"""Waiting for what a gate or a service will have seen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds, as long as a loaded machine may take."""
    async with asyncio.timeout(30):
        while not holds():  # noqa: ASYNC110 - nobody sets an event of ours
            await asyncio.sleep(0.02)
