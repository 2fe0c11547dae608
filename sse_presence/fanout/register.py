"""Who watches what: streams by topic and room, topics and rooms by partition.

Only what somebody watches is here; the last stream that leaves takes it away.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from sse_presence.fanout.clock import StoreClock
from sse_presence.fanout.live_interest import LiveInterest
from sse_presence.fanout.partition import Partition
from sse_presence.fanout.room import Room
from sse_presence.fanout.span import Span
from sse_presence.fanout.watched import OwnTopic, Topic, Watched, enter, leave

if TYPE_CHECKING:
    from sse_presence.fanout.stream import Stream


class Register:
    """All streams of the process and what they watch."""

    def __init__(self, partitions: int, partition_of: Callable[[str], int]) -> None:
        self.partitions = [Partition(number) for number in range(partitions)]
        self.streams: set[Stream] = set()
        self.watched: Counter[str] = Counter()
        """Users watched by each viewer, over all its streams."""
        self._partition_of = partition_of
        self._only = self.partitions[0] if partitions == 1 else None
        self._known: Mapping[str, Topic] = self._only.users if self._only is not None else {}
        """Where there is one partition, the users watched in it: found without asking where they lie."""
        self._spans: WeakValueDictionary[tuple[int, ...], Span] = WeakValueDictionary()

    def topic(self, user: str, *, own: bool = False) -> Topic:
        """The topic of a user; its own one is what only the user itself may watch."""
        partition = self._partition(user)
        if own:
            if user not in partition.owns:
                partition.owns[user] = OwnTopic(user, partition)
            return partition.owns[user]
        topic = partition.users.get(user)
        if topic is None:
            topic = partition.users[user] = Topic(user, partition)
        return topic

    def topics(self, users: Iterable[str], viewer: str | None) -> tuple[Topic, ...]:
        """The topics of users for a viewer, who watches its own one."""
        known = self._known  # most are watched already
        return tuple(
            [(user != viewer and known.get(user)) or self.topic(user, own=user == viewer) for user in users]
        )

    def room(self, channel: str) -> Room:
        """The room of a channel."""
        partition = self._partition(channel)
        if channel not in partition.rooms:
            partition.rooms[channel] = Room(channel, partition)
        return partition.rooms[channel]

    def clock(self, name: str) -> StoreClock:
        """The clock by which is timed what lies with a name."""
        return self._partition(name).clock

    def interest(self, interest_id: str) -> LiveInterest:
        """A stored interest."""
        partition = self._partition(interest_id)
        if interest_id not in partition.interests:
            partition.interests[interest_id] = LiveInterest(interest_id, partition)
        return partition.interests[interest_id]

    def _partition(self, name: str) -> Partition:
        return self._only or self.partitions[self._partition_of(name)]

    def span(self, watched: Iterable[Watched]) -> Span:
        """The partitions touched; an empty interest goes by the first one."""
        if self._only is not None:
            return self.whole_span()
        return self._span(tuple(sorted({one.partition.number for one in watched})) or (0,))

    def whole_span(self) -> Span:
        """All partitions: where those lie who will be watched is not known before."""
        return self._span(tuple(range(len(self.partitions))))

    def _span(self, numbers: tuple[int, ...]) -> Span:
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
        self.count(stream, len(stream.topics))
        return enter(stream, stream.watched())

    def leave(self, stream: Stream) -> None:
        """Let a stream watch no more."""
        self.streams.discard(stream)
        self.count(stream, -len(stream.topics))
        for watched in leave(stream, stream.watched()):
            watched.partition.drop(watched)

    def count(self, stream: Stream, step: int) -> None:
        """A stream watches so many users more, or fewer."""
        viewer = stream.viewer
        if viewer is not None:
            self.watched[viewer] += step
            if not self.watched[viewer]:
                del self.watched[viewer]

    def touching(self, partition: Partition) -> list[Stream]:
        """The streams to which a partition matters."""
        if len(self.partitions) == 1:
            return list(self.streams)
        return [stream for stream in self.streams if partition in stream.span.partitions]
