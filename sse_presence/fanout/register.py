"""Who watches what: streams by topic and room, topics and rooms by partition.

Only what somebody watches is here; the last stream that leaves takes it away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from sse_presence.fanout.partition import Partition
from sse_presence.fanout.span import Span
from sse_presence.fanout.watched import OwnTopic, Room, Topic, Watched

if TYPE_CHECKING:
    from sse_presence.fanout.stream import Stream


class Register:
    """All streams of the process and what they watch."""

    def __init__(self, partitions: int, partition_of: Callable[[str], int]) -> None:
        self.partitions = [Partition(number) for number in range(partitions)]
        self.streams: set[Stream] = set()
        self._partition_of = partition_of
        self._spans: WeakValueDictionary[tuple[int, ...], Span] = WeakValueDictionary()

    def topic(self, user: str, *, own: bool = False) -> Topic:
        """The topic of a user; its own one is what only the user itself may watch."""
        partition = self.partitions[self._partition_of(user)]
        if own:
            if user not in partition.owns:
                partition.owns[user] = OwnTopic(user, partition)
            return partition.owns[user]
        if user not in partition.users:
            partition.users[user] = Topic(user, partition)
        return partition.users[user]

    def room(self, channel: str) -> Room:
        """The room of a channel."""
        partition = self.partitions[self._partition_of(channel)]
        if channel not in partition.rooms:
            partition.rooms[channel] = Room(channel, partition)
        return partition.rooms[channel]

    def span(self, watched: Iterable[Watched]) -> Span:
        """The partitions touched; an empty interest goes by the first one."""
        numbers = tuple(sorted({one.partition.number for one in watched})) or (0,)
        span = self._spans.get(numbers)
        if span is None:
            span = self._spans[numbers] = Span(tuple(self.partitions[number] for number in numbers))
        return span

    def forget_incarnations(self) -> None:
        """Another incarnation may be vouched for now."""
        for span in self._spans.values():
            span.forget()

    def enter(self, stream: Stream) -> list[Watched]:
        """Let a stream watch from now on; what of it is not current."""
        self.streams.add(stream)
        unread: list[Watched] = []
        for watched in chain[Watched](stream.topics, stream.rooms):
            watched.enter(stream)
            if not watched.current:
                unread.append(watched)
        return unread

    def leave(self, stream: Stream) -> None:
        """Let a stream watch no more."""
        self.streams.discard(stream)
        for watched in chain[Watched](stream.topics, stream.rooms):
            watched.leave(stream)
            if not watched.watchers:
                watched.partition.drop(watched)

    def touching(self, partition: Partition) -> list[Stream]:
        """The streams to which a partition matters."""
        if len(self.partitions) == 1:
            return list(self.streams)
        return [stream for stream in self.streams if partition in stream.span.partitions]
