"""Stores of several processes, as operators run them: a replicated cluster, and a master named by Sentinels.

All processes listen on free loopback ports and end with their block. Waiting is bounded by `CEILING`.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from sse_presence.store.embedded import binary
from tests.running import bound
from tests.stores.clock import shifted

CEILING = 30.0

_SLOTS = 16_384


def installed(name: str) -> Path | None:
    """A system's own server; None where it is not installed."""
    found = shutil.which(name, path="/usr/bin:/usr/local/bin:/opt/homebrew/bin")
    return Path(found) if found else None


def free_port() -> int:
    """A port that is free now, as is that of a cluster's bus, 10,000 above."""
    with claim_port() as claim:
        return int(claim.getsockname()[1])


def claim_port() -> socket.socket:
    """Likewise; nobody else is given it as long as the socket is open, which holds it for UDP only.

    Both ports are below those that systems give to clients, so that a server may come back to its own.
    """
    while True:
        port = random.randrange(10_000, 22_000)
        claim = socket.socket(type=socket.SOCK_DGRAM)
        with socket.socket() as probe, socket.socket() as bus, suppress(OSError):
            claim.bind(("127.0.0.1", port))
            probe.bind(("127.0.0.1", port))
            bus.bind(("127.0.0.1", port + 10_000))
            return claim
        claim.close()


@dataclass
class Machine:
    """One server process."""

    folder: Path
    command: Path = field(default_factory=binary)
    options: tuple[str, ...] = ()
    ahead: int = 0
    """Seconds by which its clock is ahead of this machine's."""
    port: int = 0
    """Where it listens; by default a port that it claims until it is closed."""
    process: subprocess.Popen[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self._claim = None if self.port else claim_port()
        if self._claim is not None:
            self.port = self._claim.getsockname()[1]
        self.folder.mkdir(parents=True, exist_ok=True)
        self.start()
        self.client = Redis(port=self.port, decode_responses=True, socket_timeout=CEILING)

    def start(self, *more: str) -> None:
        """Run it, once it was made or after it was killed; with `more` options."""
        with (self.folder / "log").open("ab") as log:
            command: list[str | Path] = [
                *bound(),
                self.command,
                *self.options,
                *more,
                "--port",
                str(self.port),
            ]
            self.process = subprocess.Popen(
                [*command, "--bind", "127.0.0.1", "--dir", self.folder, "--loglevel", "warning"],
                env=os.environ | shifted(self.ahead),
                stdout=log,
                stderr=log,
            )

    def freeze(self) -> None:
        """Stop it where it is."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self.process.send_signal(signal.SIGCONT)

    async def kill(self) -> None:
        """End it at once, as a crash would."""
        self.process.kill()
        await asyncio.to_thread(self.process.wait)

    async def close(self) -> None:
        """End it and the connection to it."""
        await self.kill()
        await self.client.aclose()
        if self._claim is not None:
            self._claim.close()

    async def ask(self, *command: Any) -> Any:
        """A command; None while the server does not answer it."""
        try:
            return await self.client.execute_command(*command)  # type: ignore[no-untyped-call]
        except (RedisError, OSError):
            return None


async def until(holds: Callable[[], Awaitable[bool]], what: str) -> None:
    """Wait until something holds."""
    try:
        async with asyncio.timeout(CEILING):
            while not await holds():  # noqa: ASYNC110 - other processes set no event
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"In {CEILING} s it did not come true that {what}") from None


async def role(machine: Machine) -> str:
    """`master`, `slave`, or nothing while it does not answer."""
    told = await machine.ask("ROLE")
    return str(told[0]) if told else ""


async def follows(machine: Machine) -> bool:
    """Whether it is a replica that is in step with its master."""
    told = await machine.ask("ROLE")
    return bool(told) and told[0] == "slave" and told[3] == "connected"


@dataclass
class Cluster:
    """Three masters with a replica each; `machines[n + 3]` replicates `machines[n]`."""

    machines: list[Machine]

    @property
    def url(self) -> str:
        """As REDIS_URL takes it; every machine knows the others."""
        return f"redis+cluster://127.0.0.1:{self.machines[0].port}"

    async def master_of(self, key: str) -> Machine:
        """Who serves a key, as the cluster says."""
        for machine in self.machines:
            slot = await machine.ask("CLUSTER", "KEYSLOT", key)
            ranges = await machine.ask("CLUSTER", "SLOTS")
            for first, last, master, *_ in ranges.values() if isinstance(ranges, dict) else ranges or []:
                if first <= slot <= last:
                    return next(one for one in self.machines if one.port == master[1])
        raise AssertionError("Nobody serves the key.")

    async def whole(self) -> bool:
        """Whether all machines say that every slot is served."""
        infos = [str(await machine.ask("CLUSTER", "INFO")) for machine in self.machines]
        return all("cluster_state:ok" in info and f"cluster_slots_ok:{_SLOTS}" in info for info in infos)

    async def move(self, slot: int, source: Machine, target: Machine) -> None:
        """Move a slot and all that is in it from one master to another."""
        source_id, target_id = [await machine.ask("CLUSTER", "MYID") for machine in (source, target)]
        await target.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", source_id)
        await source.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", target_id)
        while names := await source.ask("CLUSTER", "GETKEYSINSLOT", slot, 1_000):
            await source.ask("MIGRATE", "127.0.0.1", target.port, "", 0, 5_000, "KEYS", *names)
        for machine in (target, source, *self.machines):
            await machine.ask("CLUSTER", "SETSLOT", slot, "NODE", target_id)


@asynccontextmanager
async def cluster(folder: Path, *, ahead: int = 0, patience: int = 2_000) -> AsyncIterator[Cluster]:
    """Run a cluster that is whole.

    `ahead`: seconds by which the clocks of replicas are. `patience`: milliseconds after which a master that
    does not answer is given up; a loaded machine wants more.
    """
    options = (
        *("--cluster-enabled", "yes", "--cluster-node-timeout", str(patience), "--save", ""),
        *("--cluster-require-full-coverage", "no", "--repl-diskless-sync-delay", "0"),
    )
    aheads = [0, 0, 0, ahead, ahead, ahead]
    machines = [Machine(folder / str(n), options=options, ahead=aheads[n]) for n in range(6)]
    made = Cluster(machines)
    try:
        await until(lambda: _answer(machines), "all machines answer")
        for number, machine in enumerate(machines):
            await machine.ask("CLUSTER", "MEET", "127.0.0.1", machines[0].port)
            if number < 3:
                first, last = number * _SLOTS // 3, (number + 1) * _SLOTS // 3 - 1
                await machine.ask("CLUSTER", "ADDSLOTSRANGE", first, last)
        for number in range(3):
            name = await machines[number].ask("CLUSTER", "MYID")

            async def replicates(replica: Machine = machines[number + 3], master: str = name) -> bool:
                return await replica.ask("CLUSTER", "REPLICATE", master) is not None

            await until(replicates, "a replica knows its master")

        async def linked() -> bool:
            infos = [await machine.ask("INFO", "replication") for machine in machines[3:]]
            return all(info and info.get("master_link_status") == "up" for info in infos)

        await until(linked, "the replicas are in step")

        await until(made.whole, "the cluster is whole")
        yield made
    finally:
        for machine in machines:
            await machine.close()


async def _answer(machines: list[Machine]) -> bool:
    return all([await machine.ask("PING") for machine in machines])


@dataclass
class Sentinels:
    """A master, its replica, and three Sentinels that watch them."""

    master: Machine
    replica: Machine
    sentinels: list[Machine]

    @property
    def url(self) -> str:
        """As REDIS_URL takes it."""
        addresses = ",".join(f"127.0.0.1:{one.port}" for one in self.sentinels)
        return f"redis+sentinel://{addresses}/presence"


@asynccontextmanager
async def sentinels(
    folder: Path, server: Path, sentinel: Path, *, ahead: int = 0, patience: int = 1_000
) -> AsyncIterator[Sentinels]:
    """Run a replicated server under Sentinels that agree on it; the rest is as for `cluster`."""
    plain = ("--save", "", "--repl-diskless-sync-delay", "0")
    machines = [Machine(folder / "master", server, plain)]
    try:
        follow = (*plain, "--replicaof", f"127.0.0.1 {machines[0].port}")
        machines.append(Machine(folder / "replica", server, follow, ahead))
        for number in range(3):
            file = folder / f"sentinel-{number}.conf"
            file.write_text(
                f"sentinel monitor presence 127.0.0.1 {machines[0].port} 2\n"
                f"sentinel down-after-milliseconds presence {patience}\n"
                "sentinel failover-timeout presence 4000\n"
            )
            machines.append(Machine(folder / f"sentinel-{number}", sentinel, (str(file), "--sentinel")))

        async def agreed() -> bool:
            seen = [await machine.ask("SENTINEL", "MASTER", "presence") for machine in machines[2:]]
            return all(
                state and int(state["num-slaves"]) == 1 and int(state["num-other-sentinels"]) == 2
                for state in seen
            )

        await until(agreed, "the Sentinels know the replica and each other")
        yield Sentinels(machines[0], machines[1], machines[2:])
    finally:
        for machine in machines:
            await machine.close()
