"""What the hub wants done at the store, in order, each thing once."""

from __future__ import annotations

import asyncio

from sse_presence.fanout.watched import Watched


class Wanted:
    """Filled by the hub, which never waits; emptied by the reader."""

    def __init__(self) -> None:
        self._reads: dict[Watched, None] = {}
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

    def compare(self, partition: int) -> None:
        """Find out what a gap has spared: it need not be read."""
        self._gaps.add(partition)

    def settle(self, partition: int, incarnation: str) -> None:
        """Tell the store that this incarnation replaced one that was known."""
        self._settles[partition] = incarnation
        self._something.set()

    async def wait(self) -> None:
        """Return when there is something to do."""
        await self._something.wait()

    def take(self, limit: int) -> list[Watched]:
        """Up to `limit` things that somebody still watches and that are not current.

        What lies where the bus is not connected is left out: it is wanted again when it is.
        """
        taken: list[Watched] = []
        while self._reads and len(taken) < limit:
            watched = next(iter(self._reads))
            del self._reads[watched]
            if watched.watchers and not watched.current and watched.partition.line.connected:
                taken.append(watched)
        if not self._reads and not self._settles:
            self._something.clear()
        return taken

    def take_gaps(self) -> set[int]:
        """The partitions in which a gap may have spared something."""
        gaps, self._gaps = self._gaps, set()
        return gaps

    def take_settles(self) -> dict[int, str]:
        """The incarnations that the store is to be told of."""
        settles, self._settles = self._settles, {}
        return settles
