"""Streams that watch: read by as many processes as they need, and all open before the block begins."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from benchmarks.child import Child, load
from benchmarks.subject import Subject

PER_PROCESS = 10_000
"""Streams that one process reads: half of the files that it may open."""

PATIENCE = 300
"""Seconds that anything may take."""


class Audience:
    """All streams."""

    def __init__(self, processes: list[Child], streams: int) -> None:
        self._processes = processes
        self.streams = streams

    def cpu(self) -> float:
        """Seconds of CPU that reading took so far."""
        return sum(process.cpu() for process in self._processes)

    async def take(self) -> dict[str, Any]:
        """What came since the last time: deliveries, bytes, latencies, and how many streams are open."""
        return _together(await self._ask({"do": "figures"}))

    async def last(self) -> dict[int, int]:
        """The last stamp of each user that a sample of streams has seen; -1 where they do not agree."""
        seen: dict[int, int] = {}
        for answer in await self._ask({"do": "last"}):
            for user, stamp in answer["last"]:
                seen[user] = stamp if seen.get(user, stamp) == stamp else -1
        return seen

    async def deliveries(self, at_least: int) -> None:
        """Wait for so many; only of one process, which all know."""
        assert len(self._processes) == 1
        await self._until("deliveries", at_least)

    async def ready(self) -> float:
        """Wait until all are open, and return the moment when the last one was."""
        answers = await self._until("ready", self.streams)
        return max(float(answer["last_ready"]) for answer in answers)

    async def cut(self, *, resume: bool) -> None:
        """Cut all, and let them come back at once: with their last ids, or as new ones."""
        await self._ask({"do": "cut", "resume": resume})

    async def _until(self, figure: str, at_least: int) -> list[dict[str, Any]]:
        each = -(-at_least // len(self._processes))
        wait = {"do": "await", "figure": figure, "seconds": PATIENCE}
        shares = [min(each, at_least - number * each) for number in range(len(self._processes))]
        answers = await asyncio.gather(
            *(
                process.ask(wait | {"at_least": share})
                for process, share in zip(self._processes, shares, strict=True)
            )
        )
        reached = sum(int(answer[figure]) for answer in answers)
        if reached < at_least:
            raise RuntimeError(f"Of {at_least} {figure} there came {reached} in {PATIENCE} s.")
        return answers

    async def _ask(self, question: dict[str, Any]) -> list[dict[str, Any]]:
        return await asyncio.gather(*(process.ask(question) for process in self._processes))


@asynccontextmanager
async def audience(
    subject: Subject, streams: int, *, pool: int, watched: int, first: int = 0, **more: Any
) -> AsyncIterator[Audience]:
    """Open streams that watch `watched` of `pool` users each; their numbers begin at `first`."""
    count = -(-streams // PER_PROCESS)
    each = -(-streams // count)
    async with AsyncExitStack() as stack:
        processes = []
        for number in range(count):
            begin = number * each
            spec = {
                "port": subject.port,
                "dialect": subject.dialect,
                "first": first + begin,
                "count": min(each, streams - begin),
                "pool": pool,
                "watched": watched,
                "source": f"127.0.0.{number // 2 + 1}",  # an address reaches another from 28,000 ports
            }
            processes.append(await stack.enter_async_context(load("streams", spec | more)))
        opened = Audience(processes, streams)
        await opened.ready()
        yield opened


def _together(answers: list[dict[str, Any]]) -> dict[str, Any]:
    latencies: Counter[int] = Counter()
    for answer in answers:
        for tenths, count in answer["latencies"]:
            latencies[tenths] += count
    sums = {
        name: sum(answer[name] for answer in answers) for name in ("ready", "lost", "deliveries", "bytes")
    }
    return sums | {"latencies": list(latencies.items())}
