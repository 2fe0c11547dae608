"""Who is told what, when the bus brings something and when a reading does.

Guarantees, while the bus is whole: every stream is told the newest state of all that it watches, and never
an older one after a newer one. A stream begins, resumes and is mended by one rule: be registered first,
then have read what is not current, and take a record only if it is newer than what is known. Nothing here
waits: reading is left to the reader, sending to the pump.
"""

from __future__ import annotations

import asyncio
import logging
import secrets

from sse_presence.domain import cursor
from sse_presence.domain.cursor import Cursor
from sse_presence.domain.interest import Interest
from sse_presence.domain.message import Message
from sse_presence.domain.record import OFFLINE, Record, TypingList
from sse_presence.domain.signal import Reading
from sse_presence.fanout.clock import StoreClock
from sse_presence.fanout.mender import Mender
from sse_presence.fanout.pace import Pace
from sse_presence.fanout.partition import Partition
from sse_presence.fanout.pump import Pump
from sse_presence.fanout.register import Register
from sse_presence.fanout.sink import Sink
from sse_presence.fanout.stream import Stream
from sse_presence.fanout.wanted import Wanted
from sse_presence.fanout.watched import Room, Topic, Watched
from sse_presence.sse import encode

log = logging.getLogger("sse_presence")


class Hub:
    """The meeting place of bus, reader and streams of one process."""

    def __init__(
        self, register: Register, mender: Mender, wanted: Wanted, pump: Pump, clock: StoreClock, pace: Pace
    ) -> None:
        self.register = register
        self.mender = mender
        self.pump = pump
        self.clock = clock
        self.pace = pace
        self.key = b""
        """Of cursors; known before the bus is."""
        self.retention = 0
        self.frames = self.bytes = 0
        """Events and bytes sent to streams so far."""
        self._wanted = wanted

    @property
    def reading_fails(self) -> bool:
        """Whether the store is out of reach for reading."""
        return self._wanted.failing

    # Streams

    def open(self, interest: Interest, sink: Sink, last_event_id: str, *, pad: bool = False) -> Stream:
        """Greet a new stream at once and tell it everything as soon as it is known."""
        now = asyncio.get_running_loop().time()
        topics = tuple(self.register.topic(user, own=user == interest.viewer) for user in interest.users)
        rooms = tuple(self.register.room(channel) for channel in interest.channels)
        stream = Stream(
            self,
            sink,
            viewer=interest.viewer,
            topics=topics,
            rooms=rooms,
            span=self.register.span((*topics, *rooms)),
            digest=cursor.interest_digest(interest),
        )
        stream.resume = self._position(stream, last_event_id)
        stream.greeting = encode.PAD * pad + self._hello(resumed=stream.resume is not None)
        stream.end_by(now + self.pace.lifetime_of_one(), "lifetime")
        unread = self.register.enter(stream)
        stream.missing = len(unread)
        self._wanted.read(*unread)
        self.pump.now(stream)
        return stream

    def leave(self, stream: Stream) -> None:
        """A stream is over: ended by us, or gone."""
        if not stream.over:
            stream.over = True
            self.register.leave(stream)

    def end(self, stream: Stream, when: float, reason: str) -> None:
        """Say goodbye to a stream at loop time `when`, if it does not end before."""
        stream.end_by(when, reason)
        self.pump.at(stream, when)

    def cursor(self, stream: Stream) -> str:
        """Where a stream stands that was told everything up to now."""
        span = stream.span
        return cursor.issue(
            self.key,
            Cursor(position=span.position, incarnations=span.incarnations, interest=stream.digest),
        )

    def _position(self, stream: Stream, text: str) -> int | None:
        span = stream.span
        if not text or not self.key or not span.resumable:
            return None
        place = cursor.read(self.key, text)
        earliest = self.clock.now() - self.retention
        if place is None or not place.fits(
            span.incarnations, stream.digest, earliest=earliest, mark=span.position
        ):
            return None
        return place.position

    def _hello(self, *, resumed: bool) -> bytes:
        hello = {
            "stream": secrets.token_urlsafe(12),
            "resumed": resumed,
            "heartbeat_ms": self.pace.heartbeat_ms,
            "ping_ms": round(self.pace.ping * 1000),
            "time": self.clock.now(),
        }
        return encode.told("hello", hello, retry=self.pace.retry())

    # The bus

    def hear(self, number: int, message: Message) -> None:
        """Take a message of a partition's bus."""
        partition = self.register.partitions[number]
        if not self.mender.follow(partition, message):
            return
        self.clock.heard(message.time + 1)  # a position lies just behind the present
        for register, records in ((partition.users, message.public), (partition.owns, message.own)):
            for record in records:
                topic = register.get(record.user)
                if topic is not None:
                    self.take_record(topic, record)
        for listed in message.typing:
            room = partition.rooms.get(listed.channel)
            if room is not None:
                room.messages += 1
                self._list(room, listed)
        if message.mark:
            partition.advance()

    # The reader

    def take_reading(self, reading: Reading) -> None:
        """Take what a reading says of the store itself; its records follow."""
        self.clock.heard(reading.time)
        for number, settling in reading.settling.items():
            incarnation, _ = reading.positions[number]
            self.mender.learn_settling(number, incarnation, settling)

    def take_record(self, topic: Topic, record: Record) -> None:
        """Take a record that was heard, or read in the present era.

        While the store may lack what it lost, that it knows of no device proves nobody offline.
        """
        lost = topic.partition.settles_at is not None and record.body.startswith(OFFLINE)
        if not (lost and topic.present):
            self._renew(topic, record)
        elif not topic.current:
            self._current(topic)

    def confirm(self, topic: Topic) -> None:
        """What is known of a user is still what the store says."""
        if topic.watchers and not topic.current:
            self._current(topic)

    def take_list(self, room: Room, listed: TypingList, messages: int) -> None:
        """Take a list that was read after `messages` messages: any later one is newer or tells the same."""
        if room.messages == messages:
            self._list(room, listed)

    def reading_failed(self) -> None:
        """Tell those who wait for it that the store is out of reach."""
        for stream in self.register.streams:
            if not stream.live:
                self.pump.soon(stream)

    # Telling

    def _renew(self, topic: Topic, record: Record) -> None:
        if topic.take(record):
            for stream in topic.watchers:
                if stream.live and stream.mailbox.put_topic(topic):
                    self.pump.at(stream, stream.presence_at + self.pace.presence_window)
        if not topic.current:
            self._current(topic)

    def _list(self, room: Room, listed: TypingList) -> None:
        if room.take(listed):
            self._announce(room)
        if not room.current:
            self._current(room)

    def _announce(self, room: Room) -> None:
        """Tell the watchers who types; those of a busy channel at most once in the longer window."""
        loop = asyncio.get_running_loop()
        due = room.announced_at + self.pace.busy_typing_window
        if room.busy and loop.time() < due:
            if room.timer is None:
                room.timer = loop.call_at(due, self._announce_late, room)
            return
        room.announced_at = loop.time()
        for stream in room.watchers:
            if stream.live and room.concerns(stream.viewer) and stream.mailbox.put_room(room):
                self.pump.at(stream, stream.typing_at + self.pace.typing_window)
        room.news = set()

    def _announce_late(self, room: Room) -> None:
        room.timer = None
        room.announced_at = float("-inf")
        self._announce(room)

    def _current(self, watched: Watched) -> None:
        """It is what the store says: those who waited for it wait for one thing less."""
        partition: Partition = watched.partition
        watched.era = partition.line.era
        for stream in watched.watchers:
            if not stream.live:
                stream.missing -= 1
                if stream.missing == 0:
                    self.pump.soon(stream)
        self.mender.mended(watched)
