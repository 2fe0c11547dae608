"""A user who chooses what to show."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Any

from tests.faults.calls import Calls
from tests.faults.history import Kind

CHOICES = ("online", "online", "idle", "dnd", "dnd", "invisible")


async def choose(user: str, calls: Calls, random: Random) -> None:
    """Choose again and again until cancelled; no choice begins before the last was answered or given up."""
    node = random.randrange(len(calls.nodes))
    while True:
        await asyncio.sleep(random.uniform(0.5, 5))
        body: dict[str, Any] = {"status": random.choice(CHOICES)}
        if random.random() < 0.4:
            body["text"] = random.choice(["in a meeting", "at lunch", "☕\r\n\r\nevent: presence"])
        if random.random() < 0.5:
            body["expires_in"] = random.randint(500, 8_000)
        _, node = await calls.insist(user, Kind.STATUS, body, node, random)
