"""Faults of the network between each node and a single store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from tests.faults.field import Field, Injection
from tests.faults.plan import Planned
from tests.faults.proxy import Proxy


class Network:
    """The proxies, one for each node."""

    def __init__(self, proxies: Sequence[Proxy]) -> None:
        self._proxies = proxies

    def kinds(self, field: Field) -> Mapping[str, Injection]:
        """How it can break."""
        self._field = field
        return {
            "delay": self._delay,
            "black hole": self._black_hole,
            "half hole": self._half_hole,
            "cut": self._cut,
        }

    async def _delay(self, planned: Planned) -> None:
        await self._disturb(planned, lambda proxy: proxy.slow(planned.strength), f"{planned.strength:.1f} s")

    async def _black_hole(self, planned: Planned) -> None:
        await self._disturb(planned, Proxy.swallow)

    async def _half_hole(self, planned: Planned) -> None:
        """Of two connections one works on."""
        await self._disturb(planned, Proxy.swallow_half)

    async def _cut(self, planned: Planned) -> None:
        await self._disturb(planned, Proxy.cut)

    async def _disturb(self, planned: Planned, how: Callable[[Proxy], None], note: str = "") -> None:
        nodes = self._field.concerned(planned)
        with self._field.fault(planned.kind, nodes, note) as fault:
            for node in nodes:
                how(self._proxies[node.number])
            try:
                with fault.surely():
                    await asyncio.sleep(planned.length)
            finally:
                for node in nodes:
                    self._proxies[node.number].mend()
