"""The field of a run: the nodes and what can break there; stores and networks bring their own faults."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from typing import Protocol

from tests.faults.history import Fault, History, Violation, now
from tests.faults.node import Node
from tests.faults.plan import Planned

Injection = Callable[[Planned], Awaitable[list[Violation] | None]]
"""Breaks something and mends it."""

EXIT_CODES = (0, -15)
"""Of a node that was asked to stop: by itself, or by the signal."""


class Breakable(Protocol):
    """Something beside the nodes."""

    def kinds(self, field: Field) -> Mapping[str, Injection]:
        """How it can break, by the names that plans use."""


class Field:
    """Some nodes, and what they run on."""

    def __init__(self, nodes: Sequence[Node], parts: Sequence[Breakable], *, exact: bool, apart: int) -> None:
        self.nodes = nodes
        self.exact = exact
        """Whether there is one clock, which is this machine's, and one moment for all records of a query."""
        self.apart = apart
        """Milliseconds by which the clocks of several masters may differ."""
        self._busy: dict[int | None, asyncio.Lock] = {}
        self._kinds: dict[str, Injection] = {
            "kill": self._kill,
            "freeze": self._freeze,
            "restart": self._restart,
            "roll": self._roll,
        }
        for part in parts:
            self._kinds |= part.kinds(self)

    async def inject(self, planned: Planned, history: History) -> list[Violation]:
        """Break something, and mend it: one fault at a time on each node, and on the store."""
        self._history = history
        async with AsyncExitStack() as stack:
            for place in range(len(self.nodes)) if planned.everywhere else [planned.node]:
                await stack.enter_async_context(self._place(place))
            return await self._kinds[planned.kind](planned) or []

    def _place(self, place: int | None) -> asyncio.Lock:
        """What one fault at a time has: a node, or the store."""
        return self._busy.setdefault(place, asyncio.Lock())

    def concerned(self, planned: Planned) -> Sequence[Node]:
        """The nodes that a fault is planned for."""
        return self.nodes if planned.node is None else [self.nodes[planned.node]]

    @contextmanager
    def fault(self, kind: str, nodes: Sequence[Node] | None = None, note: str = "") -> Iterator[Fault]:
        """Note a fault of these nodes, or of all, for as long as the block lasts."""
        numbers = frozenset(node.number for node in (self.nodes if nodes is None else nodes))
        fault = Fault(kind, now(), numbers, note=note)
        self._history.faults.append(fault)
        try:
            yield fault
        finally:
            fault.end = now()

    def remark(self, text: str) -> None:
        """Tell the reader of the history something."""
        self._history.remarks.append((now(), text))

    # Nodes

    async def _kill(self, planned: Planned) -> None:
        [node] = self.concerned(planned)
        with self.fault("node killed", [node]) as fault:
            await node.process.kill()
            with fault.surely():
                await asyncio.sleep(planned.length)
            await node.start()

    async def _freeze(self, planned: Planned) -> None:
        [node] = self.concerned(planned)
        with self.fault("node frozen", [node]) as fault:
            node.process.freeze()
            try:
                with fault.surely():
                    await asyncio.sleep(planned.length)
            finally:
                node.process.thaw()

    async def _restart(self, planned: Planned) -> list[Violation]:
        [node] = self.concerned(planned)
        return await self._restart_one(node, planned.length)

    async def _roll(self, planned: Planned) -> list[Violation]:
        found = []
        for node in self.nodes:
            async with self._place(node.number):
                found += await self._restart_one(node, planned.length)
        return found

    async def _restart_one(self, node: Node, pause: float) -> list[Violation]:
        with self.fault("node restarted", [node]):
            code = await node.process.stop()
            await asyncio.sleep(pause)
            await node.start()
        if code in EXIT_CODES:
            return []
        return [Violation("nodes stop when asked", now(), "", f"node {node.number} ended with {code}")]
