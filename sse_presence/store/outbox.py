"""Brings what users' partitions note of their channels to the partitions of those channels.

It is woken when a call of the script says that somebody waits, and then takes, tells and confirms until
nobody does. Everything it does may be done twice, late or by several processes at once (`domain/membership`
says why), so nothing here is remembered: what fails, or is too much for now, is left to a later sweep.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from sse_presence.domain.membership import Taken
from sse_presence.errors import StoreUnavailable
from sse_presence.store.script import Operation, Reply

_CHUNK = 500
"""Lines told in one operation: about 3 ms of the store's time."""

_ROUNDS = 64
"""Taken in a row, a few thousand users; the rest waits for a sweep, so that signals have their turn."""

log = logging.getLogger("sse_presence")

Line = tuple[str, str, int, bool]
"""Channel, user, fence of the reading, and whether the user is in the channel."""


class Outbox:
    """Of one partition of users. `close()` ends it."""

    def __init__(
        self,
        partition: int,
        submit: Callable[[int, Operation], Awaitable[tuple[Reply, Any]]],
        partition_of: Callable[[str], int],
    ) -> None:
        """`submit` takes a partition and an operation."""
        self._partition = partition
        self._submit = submit
        self._partition_of = partition_of
        self._woken = False
        self._worker: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """Somebody waits."""
        self._woken = True
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())

    async def close(self) -> None:
        """Wait until what is being told is told."""
        if self._worker is not None:
            await self._worker

    async def _work(self) -> None:
        while self._woken:
            self._woken = False
            try:
                for _ in range(_ROUNDS):
                    if not await self._round():
                        break
            except StoreUnavailable as error:
                log.debug("Channels are told later: %s", error)
            except Exception:
                log.exception("Telling channels of partition %d failed", self._partition)

    async def _round(self) -> bool:
        """Take, tell and confirm once; whether there is more."""
        _, (found, more) = await self._submit(self._partition, ("take",))
        readings = [_reading(entry) for entry in found]
        chunks = list(self._chunks(readings))
        told = await asyncio.gather(*(self._tell(number, lines) for number, lines in chunks))
        failed = {
            user
            for (_, lines), taken in zip(chunks, told, strict=True)
            if not taken
            for _, user, _, _ in lines
        }
        confirmed = [
            (reading.user, reading.fence)
            for reading in readings
            if reading.confirm and reading.user not in failed
        ]
        if confirmed:
            await self._submit(self._partition, ("told", confirmed))
        return bool(more)

    def _chunks(self, readings: list[Taken]) -> Iterator[tuple[int, list[Line]]]:
        parts: dict[int, list[Line]] = {}
        for reading in readings:
            for channels, present in ((reading.channels, True), (reading.owed, False)):
                for channel in channels:
                    line = (channel, reading.user, reading.fence, present)
                    parts.setdefault(self._partition_of(channel), []).append(line)
        for number, lines in parts.items():
            for start in range(0, len(lines), _CHUNK):
                yield number, lines[start : start + _CHUNK]

    async def _tell(self, partition: int, lines: list[Line]) -> bool:
        """Whether all lines were taken."""
        try:
            _, taken = await self._submit(partition, ("enter", lines))
        except StoreUnavailable as error:
            log.debug("Channels are told later: %s", error)
            return False
        return bool(taken)


def _reading(entry: Any) -> Taken:
    user, fence, channels, owed, confirm = entry
    return Taken(user, fence, tuple(channels.split("\n")) if channels else (), frozenset(owed), confirm)
