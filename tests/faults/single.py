"""Faults of a single store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from redis.exceptions import RedisError

from tests.faults.field import Field, Injection
from tests.faults.plan import Planned
from tests.faults.store_process import StoreProcess

SAVED_BEFORE = 2.0
"""Seconds of writes that a store loses when it is rolled back."""


class SingleStore:
    """One server."""

    def __init__(self, server: StoreProcess) -> None:
        self._server = server

    def kinds(self, field: Field) -> Mapping[str, Injection]:
        """How it can break."""
        self._field = field
        return {
            "freeze store": self._freeze,
            "kill store": self._kill,
            "empty store": self._empty,
            "roll store back": self._roll_back,
            "demote store": self._demote,
            "fill store": self._fill,
            "flush": self._flush,
            "forget scripts": self._forget_scripts,
            "kill bus connections": self._kill_bus,
            "kill all connections": self._kill_connections,
        }

    async def _freeze(self, planned: Planned) -> None:
        with self._field.fault("store frozen") as fault:
            self._server.process.freeze()
            try:
                with fault.surely():
                    await asyncio.sleep(planned.length)
            finally:
                self._server.process.thaw()

    async def _kill(self, planned: Planned) -> None:
        await self._replace("store killed", planned.length, lambda: None)

    async def _empty(self, planned: Planned) -> None:
        await self._replace("store emptied", planned.length, self._server.lose)

    async def _roll_back(self, planned: Planned) -> None:
        self._server.save()
        with self._field.fault("store rolled back"):
            await asyncio.sleep(SAVED_BEFORE)
            await self._replace("store killed", planned.length, self._server.roll_back)

    async def _replace(self, kind: str, length: float, meanwhile: Callable[[], None]) -> None:
        with self._field.fault(kind) as fault:
            await self._server.process.kill()
            with fault.surely():
                meanwhile()
                await asyncio.sleep(length)
            await self._server.start()

    async def _demote(self, planned: Planned) -> None:
        """Make it the replica of nobody, which is read-only, and then a master with another id."""
        with self._field.fault("store demoted") as fault:
            await self._server.command("REPLICAOF", "127.0.0.1", "1")
            with fault.surely():
                await asyncio.sleep(planned.length)
            await self._server.command("REPLICAOF", "NO", "ONE")

    async def _fill(self, planned: Planned) -> None:
        """Let it have no memory to write."""
        with self._field.fault("store full") as fault:
            await self._server.command("CONFIG", "SET", "maxmemory", "1")
            with fault.surely():
                await asyncio.sleep(planned.length)
            await self._server.command("CONFIG", "SET", "maxmemory", "0")

    async def _forget_scripts(self, _: Planned) -> None:
        await self._command("scripts forgotten", "SCRIPT", "FLUSH")

    async def _flush(self, _: Planned) -> None:
        await self._command("flushed", "FLUSHALL")

    async def _kill_bus(self, _: Planned) -> None:
        await self._command("bus connections killed", "CLIENT", "KILL", "TYPE", "pubsub")

    async def _kill_connections(self, _: Planned) -> None:
        await self._command("connections killed", "CLIENT", "KILL", "TYPE", "normal")

    async def _command(self, kind: str, *words: str) -> None:
        with self._field.fault(kind):
            try:
                await self._server.command(*words)
            except (RedisError, OSError) as error:
                self._field.remark(f"{kind}: {error}")
