"""Reads what the hub wants from the store: many at once, each user once however many streams wait.

When the store is out of reach nothing is lost: what was wanted stays wanted and is tried again, after
longer and longer pauses.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from random import Random

from sse_presence.domain.signal import Reading
from sse_presence.errors import StoreUnavailable
from sse_presence.fanout.hub import Hub
from sse_presence.fanout.live_interest import LiveInterest
from sse_presence.fanout.partition import Partition
from sse_presence.fanout.room import Room
from sse_presence.fanout.wanted import Wanted
from sse_presence.fanout.watched import OwnTopic, Topic, Watched
from sse_presence.store.store import Store

CHUNK = 500
"""Things read at once: about 3 ms of the store's time."""

SLICE = 2_000
"""Things compared before the loop's other work gets its turn: a few milliseconds."""

_PAUSES = (0.2, 2.0)
"""Seconds before trying again, doubled from the first to the last."""

log = logging.getLogger("sse_presence")


class Reader:
    """The one task that reads for the streams of a process."""

    def __init__(
        self, store: Store, wanted: Wanted, hub: Hub, settle: Callable[[int, str], Awaitable[None]]
    ) -> None:
        """`settle` tells the store that a partition has another incarnation."""
        self._store = store
        self._tell_settling = settle
        self._wanted = wanted
        self._hub = hub
        self._random = Random()  # noqa: S311 - spreads load, keeps no secret

    async def run(self) -> None:
        """Read what is wanted until cancelled."""
        pause = _PAUSES[0]
        while True:
            await self._wanted.wait()
            batch: list[Watched] = []
            try:
                await self._compare()
                batch = self._wanted.take(CHUNK)
                await self._read(batch)
                self._wanted.done(batch)
                await asyncio.sleep(0)  # nothing may have been read
                await self._settle()
            except* StoreUnavailable as errors:
                self._fail(errors)
            finally:
                left = [watched for watched in batch if self._wanted.needs(watched)]
                self._wanted.read(*left)
            if left or self._wanted.failing:
                await asyncio.sleep(pause * self._random.uniform(0.5, 1))
                pause = min(2 * pause, _PAUSES[1])
            else:
                pause = _PAUSES[0]

    def _fail(self, errors: ExceptionGroup[StoreUnavailable]) -> None:
        if not self._wanted.failing:
            log.warning("Reading for streams fails, so they wait: %s", errors.exceptions[0])
            self._wanted.failing = True
            self._hub.reading_failed()

    async def _compare(self) -> None:
        """Have read what is not current, but for what a gap has spared."""
        while (number := self._wanted.take_gap()) is not None:
            partition = self._hub.register.partitions[number]
            try:
                if partition.line.connected:  # else it is compared when it is
                    await self._mend(partition, partition.line.era)
            except StoreUnavailable:
                self._wanted.compare(number)
                raise

    async def _mend(self, partition: Partition, era: int) -> None:
        """Go through all that is watched, in slices; another gap begins anew."""
        sound, changed = partition.sound, await self._changed(partition)
        for count, watched in enumerate(tuple(partition.watched()), 1):
            if partition.line.era != era:
                return
            spared = changed is not None and watched.era == sound and watched.name not in changed
            if spared and isinstance(watched, Topic) and watched.known:
                self._hub.confirm(watched)
            elif not watched.current:
                self._wanted.read(watched)
            elif partition.settling and isinstance(watched, Topic):
                self._wanted.read_again(watched)
            if count % SLICE == 0:
                await asyncio.sleep(0)

    async def _changed(self, partition: Partition) -> frozenset[str] | None:
        """Whose records changed since the partition was last whole; None where nobody knows."""
        if partition.sound is None:
            return None
        incarnation = partition.line.incarnation
        answered, changed = await self._store.changed_since(partition.number, partition.position)
        return changed if answered == incarnation else None

    async def _read(self, batch: list[Watched]) -> None:
        topics = [watched for watched in batch if type(watched) is Topic]
        rooms = [watched for watched in batch if isinstance(watched, Room)]
        async with asyncio.TaskGroup() as group:
            if topics:
                group.create_task(self._read_topics(topics))
            if rooms:
                group.create_task(self._read_rooms(rooms))
            for watched in batch:
                if isinstance(watched, OwnTopic):
                    group.create_task(self._read_own(watched))
                elif isinstance(watched, LiveInterest):
                    group.create_task(self._read_interest(watched))

    async def _read_topics(self, topics: list[Topic]) -> None:
        eras = [topic.partition.line.era for topic in topics]
        reading = await self._store.read([topic.name for topic in topics])
        self._take(topics, eras, reading)

    async def _read_own(self, topic: OwnTopic) -> None:
        era = topic.partition.line.era
        self._take([topic], [era], await self._store.own(topic.name))

    async def _read_interest(self, live: LiveInterest) -> None:
        era = live.partition.line.era
        stored = await self._store.interest(live.name)
        self._wanted.failing = False
        if live.partition.line.era == era:
            self._hub.take_interest(live, stored)

    async def _read_rooms(self, rooms: list[Room]) -> None:
        asked = {room.name: (room, room.partition.line.era, room.messages) for room in rooms}
        for room in rooms:
            room.roster.ask()
        lists, rolls = await asyncio.gather(
            self._store.typing_in(list(asked)), self._store.rolls(list(asked))
        )
        self._wanted.failing = False
        rolled = {roll.channel: roll for roll in rolls}
        for listed in lists:
            room, era, messages = asked[listed.channel]
            if room.partition.line.era == era:
                self._hub.take_room(room, listed, messages, rolled[listed.channel])

    def _take(self, topics: Sequence[Topic], eras: list[int], reading: Reading) -> None:
        """Hand on what was read, unless a gap came meanwhile or another incarnation answered."""
        self._wanted.failing = False
        self._hub.take_reading(reading)
        for topic, era, record in zip(topics, eras, reading.records, strict=True):
            line = topic.partition.line
            answered, _ = reading.positions[topic.partition.number]
            if line.era == era and line.incarnation == answered:
                self._hub.take_record(topic, record)

    async def _settle(self) -> None:
        for number, incarnation in self._wanted.take_settles().items():
            try:
                await self._tell_settling(number, incarnation)
            except StoreUnavailable:
                self._wanted.settle(number, incarnation)
                raise
