"""What the hub wants done at the store, in order, each thing once."""

from __future__ import annotations

import asyncio
from collections import OrderedDict

from sse_presence.fanout.watched import Watched

_LOOK = 8
"""Things looked at for each that may be taken: a gap spares nearly all, and the loop has other work."""


class Wanted:
    """Filled by the hub, which never waits; emptied by the reader."""

    def __init__(self) -> None:
        self._reads: OrderedDict[Watched, None] = OrderedDict()
        """A plain dict would be slower and slower to take from its front."""
        self._again: set[Watched] = set()
        """What is to be read even if it is current."""
        self._settles: dict[int, str] = {}
        self._gaps: set[int] = set()
        self._something = asyncio.Event()
        self.failing = False
        """Whether the last read failed: the store is out of reach although the bus may not be."""

    def read(self, *watched: Watched) -> None:
        """Have these read from the store."""
        self._reads.update(dict.fromkeys(watched))
        if watched:
            self._something.set()

    def read_again(self, watched: Watched) -> None:
        """Have this read although it may be current."""
        self._again.add(watched)
        self.read(watched)

    def needs(self, watched: Watched) -> bool:
        """Whether it has to be read."""
        return bool(watched.watchers) and (not watched.current or watched in self._again)

    def done(self, batch: list[Watched]) -> None:
        """These were read."""
        self._again.difference_update(batch)

    def compare(self, partition: int) -> None:
        """Have everything watched in a partition read that is not current, unless a gap has spared it."""
        self._gaps.add(partition)
        self._something.set()

    def settle(self, partition: int, incarnation: str) -> None:
        """Tell the store that this incarnation replaced one that was known."""
        self._settles[partition] = incarnation
        self._something.set()

    async def wait(self) -> None:
        """Return when there is something to do."""
        await self._something.wait()

    def take(self, limit: int) -> list[Watched]:
        """Up to `limit` things that somebody still watches and that need it.

        What lies where the bus is not connected is left out: it is wanted again when it is. There may be more
        when nothing is returned, for only so many are looked at in one go.
        """
        taken: list[Watched] = []
        for _ in range(min(len(self._reads), _LOOK * limit)):
            watched, _ = self._reads.popitem(last=False)
            if self.needs(watched) and watched.partition.line.connected:
                taken.append(watched)
                if len(taken) == limit:
                    break
            else:
                self._again.discard(watched)
        if not self._reads and not self._settles and not self._gaps:
            self._something.clear()
        return taken

    def take_gap(self) -> int | None:
        """A partition to compare, if there is one."""
        return self._gaps.pop() if self._gaps else None

    def take_settles(self) -> dict[int, str]:
        """The incarnations that the store is to be told of."""
        settles, self._settles = self._settles, {}
        return settles
