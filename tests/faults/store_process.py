"""The store under test: a Valkey of the harness, on a port, which keeps all it took over a crash.

Its log of writes is what survives `kill`; `start(lost=True)` begins without it, and after `save` it can be
rolled back to that moment.
"""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

from redis.asyncio import Redis
from redis.exceptions import RedisError

from sse_presence.store.embedded import binary
from tests.faults.process import CEILING, Process


class StoreProcess:
    """One server."""

    def __init__(self, folder: Path, port: int) -> None:
        self.port = port
        self._data = folder / "data"
        self._saved = folder / "saved"
        self._data.mkdir()
        options = (
            *("--port", str(port), "--bind", "127.0.0.1", "--dir", str(self._data), "--save", ""),
            *("--appendonly", "yes", "--auto-aof-rewrite-percentage", "0"),
            *("--maxmemory-policy", "noeviction", "--loglevel", "warning"),
        )
        self.process = Process([binary(), *options], folder / "store.log", {})

    async def start(self) -> None:
        """Run it and return when it answers."""
        await self.process.start()
        async with asyncio.timeout(CEILING):
            while True:
                try:
                    await self.command("PING")
                except (RedisError, OSError):
                    await asyncio.sleep(0.02)
                else:
                    return

    def lose(self) -> None:
        """Forget everything; only while it does not run."""
        shutil.rmtree(self._data)
        self._data.mkdir()

    def save(self) -> None:
        """Remember this moment for `roll_back`."""
        shutil.rmtree(self._saved, ignore_errors=True)
        shutil.copytree(self._data, self._saved)

    def roll_back(self) -> None:
        """Forget what was written since it was saved; only while it does not run."""
        shutil.rmtree(self._data)
        shutil.copytree(self._saved, self._data)

    async def command(self, *words: str) -> None:
        """Have it do something, past all proxies."""
        client = Redis(port=self.port, socket_timeout=5)
        try:
            await client.execute_command(*words)  # type: ignore[no-untyped-call]
        finally:
            await client.aclose()
