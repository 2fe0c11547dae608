"""What happens when the bus breaks, skips a number, or speaks for another store.

A gap is never guessed away. From the moment it is noticed nothing that was known counts as current;
streams are told that they may be stale, everything watched is read again, the differences are told, and
then that all is fresh. If the store came back with another incarnation, it may lack what it knew: streams
get what was last known, and the truth once every live device has had the time to signal again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping

from sse_presence.domain.message import Message
from sse_presence.fanout.clock import StoreClock
from sse_presence.fanout.line import Heard
from sse_presence.fanout.partition import Partition
from sse_presence.fanout.pump import Pump
from sse_presence.fanout.register import Register
from sse_presence.fanout.stream import Stream
from sse_presence.fanout.wanted import Wanted
from sse_presence.fanout.watched import Topic, Watched

_MARGIN = 0.5
"""Seconds longer than the store itself, so that the truth is not read a moment too early."""

log = logging.getLogger("sse_presence")


class Mender:
    """Keeps every partition's line, and mends what a broken one has spoilt."""

    def __init__(
        self, register: Register, wanted: Wanted, pump: Pump, clock: StoreClock, settling: float
    ) -> None:
        """`settling`: seconds in which every live device signals at least once."""
        self._register = register
        self._wanted = wanted
        self._pump = pump
        self._clock = clock
        self._settling = settling
        self.gaps = self.repairs = self.replaced = 0
        """Partitions that broke, that were whole again after it, and that came back as another store's."""

    # The bus says

    def follow(self, partition: Partition, message: Message) -> bool:
        """Take a message's place in the line; whether its content counts."""
        match partition.line.hear(message):
            case Heard.LATE:
                return False
            case Heard.OTHER:
                self._begin(partition, message.incarnation, message.seq, message.time)
            case Heard.HOLE:
                log.warning("Partition %d: a message was lost, reading again", partition.number)
                self._note_trouble(partition)
                partition.line.miss()
                self._repair(partition)
            case Heard.NEXT:
                if partition.since and partition.whole:  # nobody watches any more what was not read yet
                    self._whole(partition)
        return True

    def regained(self, positions: Mapping[int, tuple[str, int, int]]) -> None:
        """These partitions are heard again, from (incarnation, seq, position) on."""
        for number, (incarnation, seq, position) in positions.items():
            partition = self._register.partitions[number]
            for clock in (self._clock, partition.clock):
                clock.heard(position)
            self._begin(partition, incarnation, seq, position)

    def lost(self, numbers: Iterable[int]) -> None:
        """These partitions are not heard any more."""
        for partition in self._numbered(numbers):
            self._note_trouble(partition)
            partition.line.end()
            self._recount(partition)

    def second(self, numbers: Iterable[int]) -> bool:
        """A second passed for these partitions; whether one of them has gone silent."""
        silent = [partition for partition in self._numbered(numbers) if partition.line.second()]
        return bool(silent)

    def _numbered(self, numbers: Iterable[int]) -> list[Partition]:
        return [self._register.partitions[number] for number in numbers]

    # The hub says

    def mended(self, watched: Watched) -> None:
        """It is current."""
        partition = watched.partition
        if watched in partition.unrepaired:
            partition.unrepaired.discard(watched)
            if not partition.unrepaired:
                self._whole(partition)

    def learn_settling(self, number: int, incarnation: str, settling: int) -> None:
        """Another process saw the store come back without what it knew, `settling` ms before all is well."""
        partition = self._register.partitions[number]
        if partition.settles_at is None and partition.line.incarnation == incarnation:
            self._settle(partition, settling / 1000)

    # Mending

    def _begin(self, partition: Partition, incarnation: str, seq: int, position: int) -> None:
        known = partition.line.incarnation
        partition.line.begin(incarnation, seq, position)
        if known == incarnation:
            self._repair(partition)
            return
        partition.unrepaired.clear()
        partition.position = 0
        self._register.forget_incarnations()
        if known is None:
            self._wanted.compare(partition.number)
            self._recount(partition)
        else:
            self.replaced += 1
            log.warning("Partition %d: the store has another incarnation", partition.number)
            self._wanted.settle(partition.number, incarnation)
            self._show_last_known(partition)
        self._whole(partition)

    def _repair(self, partition: Partition) -> None:
        """Have everything read again that the gap has not spared; only what differs will be told."""
        partition.unrepaired = set(partition.watched())
        self._wanted.compare(partition.number)
        self._recount(partition)
        if not partition.unrepaired:
            self._whole(partition)

    def _show_last_known(self, partition: Partition) -> None:
        """At once; then who is there already, for what the bus said before it was heard again is lost."""
        partition.sound = None
        self._settle(partition, self._settling)
        for watched in partition.watched():
            if isinstance(watched, Topic) and watched.known:
                watched.unversion()
                watched.era = partition.line.era
            else:
                watched.forget()
                self._wanted.read(watched)
        self._wanted.compare(partition.number)
        self._restart(partition)

    def _settle(self, partition: Partition, seconds: float) -> None:
        """For so long it proves nothing that the store does not know a user."""
        loop = asyncio.get_running_loop()
        if partition.timer is not None:
            partition.timer.cancel()
        partition.settles_at = loop.time() + seconds + _MARGIN
        partition.timer = loop.call_at(partition.settles_at, self._settled, partition)
        self._register.forget_incarnations()

    def _settled(self, partition: Partition) -> None:
        """Everyone alive has signalled: show what the store knows."""
        partition.settles_at = partition.timer = partition.sound = None
        partition.line.miss()
        self._register.forget_incarnations()
        for watched in partition.watched():
            if isinstance(watched, Topic):
                watched.doubt()
        self._wanted.compare(partition.number)
        self._restart(partition)

    def close(self) -> None:
        """Leave no timer behind."""
        for partition in self._register.partitions:
            if partition.timer is not None:
                partition.timer.cancel()

    # Streams

    def _note_trouble(self, partition: Partition) -> None:
        if partition.whole:
            partition.since, partition.sound = self._clock.now(), partition.line.era
            self.gaps += 1

    def _whole(self, partition: Partition) -> None:
        if partition.since:
            partition.since = 0
            self.repairs += 1
        partition.advance()
        self._rouse(self._register.touching(partition))

    def _recount(self, partition: Partition) -> None:
        """Streams that still wait for everything wait for what was spoilt, too; all may be stale."""
        streams = self._register.touching(partition)
        for stream in streams:
            if not stream.live:
                stream.count_missing()
        self._rouse(streams)

    def _restart(self, partition: Partition) -> None:
        streams = self._register.touching(partition)
        for stream in streams:
            stream.restart()
        self._rouse(streams)

    def _rouse(self, streams: Iterable[Stream]) -> None:
        for stream in streams:
            self._pump.soon(stream)
