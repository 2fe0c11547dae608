"""One node of the service, as a process on a port of its own."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx

from tests.faults.client import client
from tests.faults.figures import as_settings
from tests.faults.process import CEILING, Process
from tests.running import COMMAND, environment
from tests.stores.machines import free_port


class Node:
    """A node; `number` is how histories speak of it."""

    def __init__(self, number: int, folder: Path, redis_url: str) -> None:
        self.number = number
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.process = Process(
            [COMMAND, "serve", "--port", str(port)],
            folder / f"node-{number}.log",
            environment(redis_url, as_settings()),
        )

    async def start(self) -> None:
        """Run it and return when it takes requests, with or without a store."""
        await self.process.start()
        async with client(CEILING) as requests, asyncio.timeout(CEILING):
            while self.process.alive:
                try:
                    await requests.get(f"{self.url}/healthz")
                except httpx.TransportError:
                    await asyncio.sleep(0.05)
                else:
                    return
        raise AssertionError(f"A node did not start:\n{self.process.log.read_text()[-2_000:]}")
