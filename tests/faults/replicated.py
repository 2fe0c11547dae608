"""Faults of stores in which replicas take over: under Sentinels, and of a cluster.

Each lasts until every master has its replica again. A replica's clock may be another than its master's.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from random import Random

from tests.faults.field import Field, Injection
from tests.faults.plan import Planned
from tests.stores.machines import Cluster, Machine, follows, role, until

PARTITIONS = 64


class Replicated:
    """Masters and their replicas: `machines` are both."""

    def __init__(self, machines: Sequence[Machine], random: Random) -> None:
        self._machines = machines
        self._random = random

    def kinds(self, field: Field) -> Mapping[str, Injection]:
        """How it can break."""
        self._field = field
        return {
            "kill master": self._kill,
            "freeze master": self._freeze,
            "lose writes": self._lose_writes,
            "cut replica": self._cut_replica,
            "flush": self._flush,
            "forget scripts": self._forget_scripts,
            "kill bus connections": self._kill_bus,
            "kill all connections": self._kill_connections,
        }

    async def masters(self) -> list[Machine]:
        """Those that are masters now."""
        return [machine for machine in self._machines if await role(machine) == "master"]

    async def _pair(self) -> tuple[Machine, Machine]:
        """A master, and its replica."""
        pairs: list[tuple[Machine, Machine]] = []

        async def some() -> bool:
            told = [(machine, await machine.ask("ROLE")) for machine in self._machines]
            leads = {machine.port: machine for machine, said in told if said and said[0] == "master"}
            follow = [(machine, said[2]) for machine, said in told if said and said[0] == "slave"]
            pairs[:] = [(leads[port], machine) for machine, port in follow if port in leads]
            return bool(pairs)

        await until(some, "a master has a replica")
        return self._random.choice(pairs)

    async def _kill(self, planned: Planned) -> None:
        """The replica takes over; the old master comes back as its replica."""
        master, replica = await self._pair()
        with self._field.fault("master killed", note=self._clocks(master, replica)):
            await master.kill()
            await self._promoted(replica)
            await asyncio.sleep(planned.length)
            await self._return(master, replica)

    async def _freeze(self, planned: Planned) -> None:
        """Likewise, but the old master takes itself for the master when it comes back."""
        master, replica = await self._pair()
        with self._field.fault("master frozen", note=self._clocks(master, replica)):
            master.freeze()
            try:
                await self._promoted(replica)
                await asyncio.sleep(planned.length)
            finally:
                master.thaw()
            await self._in_step(master)

    async def _lose_writes(self, planned: Planned) -> None:
        """The replica that takes over lacks what its master took for some seconds."""
        master, replica = await self._pair()
        with self._field.fault("replica behind", note=self._clocks(master, replica)):
            async with self._cut_off(master, replica):
                await asyncio.sleep(planned.length)
                await master.kill()
                await self._promoted(replica)
            await self._return(master, replica)

    async def _cut_replica(self, planned: Planned) -> None:
        """Nobody but the replica is to notice."""
        master, replica = await self._pair()
        with self._field.fault("replica cut off", []):
            async with self._cut_off(master, replica):
                await asyncio.sleep(planned.length)
            await self._in_step(replica)

    @asynccontextmanager
    async def _cut_off(self, master: Machine, replica: Machine) -> AsyncIterator[None]:
        """Let the replica hear nothing of its master: it is refused for a password that there is not."""
        await replica.ask("CONFIG", "SET", "masterauth", "wrong")
        await master.ask("CLIENT", "KILL", "TYPE", "replica")
        try:
            yield
        finally:
            await replica.ask("CONFIG", "SET", "masterauth", "")

    async def _promoted(self, replica: Machine) -> None:
        async def is_master() -> bool:
            return await role(replica) == "master"

        await until(is_master, "the replica takes over")

    async def _return(self, old: Machine, new: Machine) -> None:
        old.start("--replicaof", f"127.0.0.1 {new.port}")
        await self._in_step(old)

    async def _in_step(self, replica: Machine) -> None:
        async def in_step() -> bool:
            return await follows(replica)

        await until(in_step, "a replica follows its master")

    def _clocks(self, old: Machine, new: Machine) -> str:
        return f"clock {new.ahead - old.ahead:+d} s" if new.ahead != old.ahead else ""

    async def _flush(self, _: Planned) -> None:
        await self._command("flushed", "FLUSHALL")

    async def _forget_scripts(self, _: Planned) -> None:
        await self._command("scripts forgotten", "SCRIPT", "FLUSH")

    async def _kill_bus(self, _: Planned) -> None:
        await self._command("bus connections killed", "CLIENT", "KILL", "TYPE", "pubsub")

    async def _kill_connections(self, _: Planned) -> None:
        await self._command("connections killed", "CLIENT", "KILL", "TYPE", "normal")

    async def _command(self, kind: str, *words: str) -> None:
        masters = await self.masters()
        with self._field.fault(kind):
            for master in masters:
                await master.ask(*words)


class ReplicatedCluster(Replicated):
    """Likewise of a cluster, whose slots can move, too."""

    def __init__(self, cluster: Cluster, random: Random) -> None:
        super().__init__(cluster.machines, random)
        self._cluster = cluster

    def kinds(self, field: Field) -> Mapping[str, Injection]:
        """How it can break."""
        return {**super().kinds(field), "move slot": self._move}

    async def _move(self, _: Planned) -> None:
        """Move one partition from its master to another."""
        key = f"presence:{{{self._random.randrange(PARTITIONS)}}}:m"
        source = await self._cluster.master_of(key)
        others = [machine for machine in await self.masters() if machine is not source]
        target = self._random.choice(others)
        slot = int(await source.ask("CLUSTER", "KEYSLOT", key))
        clocks = self._clocks(source, target)
        with self._field.fault("slot moved between clocks" if clocks else "slot moved", note=clocks):
            await self._cluster.move(slot, source, target)

    async def _return(self, old: Machine, _: Machine) -> None:
        old.start()  # it remembers the cluster, and is told whom to follow
        await self._in_step(old)
        await until(self._cluster.whole, "the cluster is whole")
