"""Users who are online before anything is measured."""

from __future__ import annotations

import asyncio

from benchmarks.subject import Subject
from sse_presence.domain.signal import Heartbeat
from sse_presence.settings import Settings
from sse_presence.store.client import Client
from sse_presence.store.store import Store

AT_ONCE = 1_000

INTERVAL = 800_000
"""Milliseconds, four times what `subject.STAY` says: nobody leaves while streams are still being opened."""


async def beaten(subject: Subject, users: int) -> None:
    """`user-0` and the following are online, if the subject knows what that is."""
    if not subject.store_url:
        return
    store = Store(Client(subject.store_url), Settings())
    beat = Heartbeat(device="d", interval=INTERVAL)
    for start in range(0, users, AT_ONCE):
        numbers = range(start, min(start + AT_ONCE, users))
        await asyncio.gather(*(store.heartbeat(f"user-{number}", beat) for number in numbers))
    await store.close()
