"""The field of a run: a store, the nodes on it and the proxies between them, and all that can break there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path

from redis.exceptions import RedisError

from tests.faults.history import Fault, History, Violation, now
from tests.faults.node import Node, free_port
from tests.faults.plan import Planned
from tests.faults.proxy import Proxy
from tests.faults.store_process import StoreProcess

SAVED_BEFORE = 2.0
"""Seconds of writes that a store loses when it is rolled back."""

NETWORK = frozenset({"delay", "black hole", "cut"})
"""Kinds of faults of all proxies."""

EXIT_CODES = (0, -15)
"""Of a node that was asked to stop: by itself, or by the signal."""


class Field:
    """A single store and its nodes."""

    def __init__(self, store: StoreProcess, nodes: list[Node]) -> None:
        self.store = store
        self.nodes = nodes
        self.exact = True
        """Whether all records of a query are of one moment."""
        self._busy: dict[int | None, asyncio.Lock] = {}

    async def inject(self, planned: Planned, history: History) -> list[Violation]:
        """Break something, and mend it: one fault at a time on each node, and on the store."""
        self._history = history
        async with AsyncExitStack() as stack:
            everywhere = planned.node is None and planned.kind in NETWORK
            for place in range(len(self.nodes)) if everywhere else [planned.node]:
                await stack.enter_async_context(self._place(place))
            return await self._kinds[planned.kind](planned) or []

    def _place(self, place: int | None) -> asyncio.Lock:
        """What one fault at a time has: a node, or the store."""
        return self._busy.setdefault(place, asyncio.Lock())

    @property
    def _kinds(self) -> dict[str, Callable[[Planned], Awaitable[list[Violation] | None]]]:
        return {
            "kill": self._kill,
            "freeze": self._freeze,
            "restart": self._restart,
            "roll": self._roll,
            "delay": self._delay,
            "black hole": self._black_hole,
            "half hole": self._half_hole,
            "cut": self._cut,
            "freeze store": self._freeze_store,
            "kill store": self._kill_store,
            "empty store": self._empty_store,
            "roll store back": self._roll_store_back,
            "flush": self._flush,
            "demote store": self._demote,
            "fill store": self._fill,
            "forget scripts": self._forget_scripts,
            "kill bus connections": self._kill_bus,
            "kill all connections": self._kill_connections,
        }

    def _concerned(self, planned: Planned) -> list[Node]:
        return self.nodes if planned.node is None else [self.nodes[planned.node]]

    @contextmanager
    def _fault(self, kind: str, nodes: list[Node], note: str = "") -> Iterator[None]:
        fault = Fault(kind, now(), frozenset(node.number for node in nodes), note=note)
        self._history.faults.append(fault)
        try:
            yield
        finally:
            fault.end = now()

    # Nodes

    async def _kill(self, planned: Planned) -> None:
        [node] = self._concerned(planned)
        with self._fault("node killed", [node]):
            await node.process.kill()
            await asyncio.sleep(planned.length)
            await node.start()

    async def _freeze(self, planned: Planned) -> None:
        [node] = self._concerned(planned)
        with self._fault("node frozen", [node]):
            node.process.freeze()
            try:
                await asyncio.sleep(planned.length)
            finally:
                node.process.thaw()

    async def _restart(self, planned: Planned) -> list[Violation]:
        [node] = self._concerned(planned)
        return await self._restart_one(node, planned.length)

    async def _roll(self, planned: Planned) -> list[Violation]:
        found = []
        for node in self.nodes:
            async with self._place(node.number):
                found += await self._restart_one(node, planned.length)
        return found

    async def _restart_one(self, node: Node, pause: float) -> list[Violation]:
        with self._fault("node restarted", [node]):
            code = await node.process.stop()
            await asyncio.sleep(pause)
            await node.start()
        if code in EXIT_CODES:
            return []
        return [Violation("nodes stop when asked", now(), "", f"node {node.number} ended with {code}")]

    # The network between nodes and store

    async def _delay(self, planned: Planned) -> None:
        await self._disturb(planned, "delay", lambda proxy: proxy.slow(planned.strength))

    async def _black_hole(self, planned: Planned) -> None:
        await self._disturb(planned, "black hole", Proxy.swallow)

    async def _half_hole(self, planned: Planned) -> None:
        """Of two connections one works on."""
        await self._disturb(planned, "half hole", Proxy.swallow_half)

    async def _cut(self, planned: Planned) -> None:
        await self._disturb(planned, "cut", Proxy.cut)

    async def _disturb(self, planned: Planned, kind: str, how: Callable[[Proxy], None]) -> None:
        nodes = self._concerned(planned)
        with self._fault(kind, nodes, f"{planned.strength:.1f} s" if kind == "delay" else ""):
            for node in nodes:
                how(node.proxy)
            try:
                await asyncio.sleep(planned.length)
            finally:
                for node in nodes:
                    node.proxy.mend()

    # The store

    async def _freeze_store(self, planned: Planned) -> None:
        with self._fault("store frozen", self.nodes):
            self.store.process.freeze()
            try:
                await asyncio.sleep(planned.length)
            finally:
                self.store.process.thaw()

    async def _kill_store(self, planned: Planned) -> None:
        await self._replace("store killed", planned.length, lambda: None)

    async def _empty_store(self, planned: Planned) -> None:
        await self._replace("store emptied", planned.length, self.store.lose)

    async def _roll_store_back(self, planned: Planned) -> None:
        self.store.save()
        with self._fault("store rolled back", self.nodes):
            await asyncio.sleep(SAVED_BEFORE)
            await self._replace("store killed", planned.length, self.store.roll_back)

    async def _replace(self, kind: str, length: float, meanwhile: Callable[[], None]) -> None:
        with self._fault(kind, self.nodes):
            await self.store.process.kill()
            meanwhile()
            await asyncio.sleep(length)
            await self.store.start()

    async def _demote(self, planned: Planned) -> None:
        """Make it the replica of nobody, which is read-only, and then a master with another id."""
        with self._fault("store demoted", self.nodes):
            await self.store.command("REPLICAOF", "127.0.0.1", "1")
            await asyncio.sleep(planned.length)
            await self.store.command("REPLICAOF", "NO", "ONE")

    async def _fill(self, planned: Planned) -> None:
        """Let it have no memory to write."""
        with self._fault("store full", self.nodes):
            await self.store.command("CONFIG", "SET", "maxmemory", "1")
            await asyncio.sleep(planned.length)
            await self.store.command("CONFIG", "SET", "maxmemory", "0")

    async def _forget_scripts(self, _: Planned) -> None:
        await self._command("scripts forgotten", "SCRIPT", "FLUSH")

    async def _flush(self, _: Planned) -> None:
        await self._command("flushed", "FLUSHALL")

    async def _kill_bus(self, _: Planned) -> None:
        await self._command("bus connections killed", "CLIENT", "KILL", "TYPE", "pubsub")

    async def _kill_connections(self, _: Planned) -> None:
        await self._command("connections killed", "CLIENT", "KILL", "TYPE", "normal")

    async def _command(self, kind: str, *words: str) -> None:
        with self._fault(kind, self.nodes):
            try:
                await self.store.command(*words)
            except (RedisError, OSError) as error:
                self._history.remarks.append((now(), f"{kind}: {error}"))


@asynccontextmanager
async def single(folder: Path, nodes: int) -> AsyncIterator[Field]:
    """A field on a single store for the length of the block."""
    store = StoreProcess(folder, free_port())
    proxies = [Proxy(store.port) for _ in range(nodes)]
    made: list[Node] = []
    try:
        await store.start()
        for number, proxy in enumerate(proxies):
            await proxy.start()
            made.append(Node(number, folder, f"redis://127.0.0.1:{proxy.port}/0", proxy))
        await asyncio.gather(*(node.start() for node in made))
        yield Field(store, made)
    finally:
        for process in (*(node.process for node in made), store.process):
            if process.alive:
                await process.kill()
        for proxy in proxies:
            await proxy.close()
