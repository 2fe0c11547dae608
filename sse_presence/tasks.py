"""Ending tasks for good.

Before Python 3.12 `asyncio.wait_for`, which libraries use, may swallow a cancellation that comes just as what
it waited for is done. A task that was told only once could then go on for ever.
"""

from __future__ import annotations

import asyncio
from typing import Any

_TOLD_AGAIN = 0.5
"""Seconds after which a task that has not ended is told once more."""


async def end(*tasks: asyncio.Task[Any]) -> None:
    """Cancel tasks until all have ended, also where the caller is cancelled meanwhile."""
    cancelled = False
    while running := [task for task in tasks if not task.done()]:
        for task in running:
            task.cancel()
        try:
            await asyncio.wait(running, timeout=_TOLD_AGAIN)
        except asyncio.CancelledError:
            cancelled = True
    if cancelled:
        raise asyncio.CancelledError
