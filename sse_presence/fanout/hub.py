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
from sse_presence.domain.interest import InterestChange, StoredInterest
from sse_presence.domain.message import Message
from sse_presence.domain.record import OFFLINE, Record, TypingList
from sse_presence.domain.roll import Roll
from sse_presence.domain.signal import Reading
from sse_presence.fanout.clock import StoreClock
from sse_presence.fanout.follower import Follower
from sse_presence.fanout.live_interest import LiveInterest
from sse_presence.fanout.mender import Mender
from sse_presence.fanout.opening import Opening
from sse_presence.fanout.pace import Pace
from sse_presence.fanout.partition import Partition
from sse_presence.fanout.poll import Poll
from sse_presence.fanout.press import Press
from sse_presence.fanout.pump import Pump
from sse_presence.fanout.register import Register
from sse_presence.fanout.room import Room
from sse_presence.fanout.roster import Change
from sse_presence.fanout.sink import Sink
from sse_presence.fanout.stream import Stream
from sse_presence.fanout.wanted import Wanted
from sse_presence.fanout.watched import Topic, Watched
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
        self.press = Press()
        self.retention = 0
        self.frames = self.bytes = 0
        """Events and bytes sent to streams so far."""
        self.follower = Follower(register, mender, wanted, pump, pace)
        self._wanted = wanted

    @property
    def reading_fails(self) -> bool:
        """Whether the store is out of reach for reading."""
        return self._wanted.failing

    # Streams

    def open(self, opening: Opening, sink: Sink) -> Stream:
        """Greet a new stream at once and tell it everything as soon as it is known; or begin a poll."""
        now = asyncio.get_running_loop().time()
        stream = self._made(opening, sink)
        key, last_event_id = self.press.key, opening.last_event_id
        place = cursor.read(key, last_event_id) if key and last_event_id else None
        stream.resume = self._position(stream, place)
        stream.end_by(now + self.pace.lifetime_of_one(), "lifetime")
        stream.written_at = now
        if isinstance(stream, Poll):
            stream.begin(place, now + (opening.patience or 0) / 1000)
        else:
            stream.greeting = encode.PAD * opening.pad + self._hello(resumed=stream.resume is not None)
        unread = self.register.enter(stream)
        stream.missing = len(unread)
        self._wanted.read(*unread)
        self.pump.now(stream)
        self.follower.limit(stream)
        return stream

    def _made(self, opening: Opening, sink: Sink) -> Stream:
        kind = Stream if opening.patience is None else Poll
        interest = opening.interest
        if opening.stored is not None or interest.members:
            following = self.follower.follow(opening)
            topics, rooms = following.topics.values(), following.rooms.values()
            return kind(self, sink, opening, topics, rooms, self.register.whole_span(), following)
        viewer = interest.viewer
        users = self.register.topics(interest.users, viewer)
        channels = tuple(self.register.room(channel) for channel in interest.channels)
        return kind(self, sink, opening, users, channels, self.register.span((*users, *channels)))

    def leave(self, stream: Stream) -> None:
        """A stream is over: ended by us, or gone."""
        if not stream.over:
            stream.over = True
            self.register.leave(stream)
            stream.let_go()

    def end(self, stream: Stream, when: float, reason: str) -> None:
        """Say goodbye to a stream at loop time `when`, if it does not end before."""
        if not stream.over:  # the pump would keep it until then
            stream.end_by(when, reason)
            self.pump.surely_at(stream, when)

    def _position(self, stream: Stream, place: Cursor | None) -> int | None:
        span = stream.span
        if place is None or not span.resumable:
            return None
        earliest = self.clock.now() - self.retention
        fits = place.fits(span.incarnations, stream.digest, earliest=earliest, mark=span.position)
        return place.position if fits else None

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
        for clock in (self.clock, partition.clock):
            clock.heard(message.time + 1)  # a position lies just behind the present
        self._hear_users(partition, message)
        self._hear_channels(partition, message)
        self._hear_interests(partition, message)
        if message.mark:
            partition.advance()

    def _hear_users(self, partition: Partition, message: Message) -> None:
        for register, records in ((partition.users, message.public), (partition.owns, message.own)):
            for record in records:
                topic = register.get(record.user)
                if topic is not None:
                    self.take_record(topic, record)

    def _hear_channels(self, partition: Partition, message: Message) -> None:
        for listed in message.typing:
            room = partition.rooms.get(listed.channel)
            if room is not None:
                room.messages += 1
                self._list(room, listed)
        for roll in message.rolls:
            room = partition.rooms.get(roll.channel)
            if room is not None:
                self._hear_roll(room, roll)

    def _hear_interests(self, partition: Partition, message: Message) -> None:
        for change in message.interests:
            live = partition.interests.get(change.id)
            if live is not None:
                self._hear_change(live, change)

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
        lost = topic.partition.settling and record.body.startswith(OFFLINE)
        if not (lost and topic.present):
            self._renew(topic, record)
        elif not topic.current:
            self._current(topic)

    def confirm(self, topic: Topic) -> None:
        """What is known of a user is still what the store says."""
        if topic.watchers and not topic.current:
            self._current(topic)

    def take_room(self, room: Room, listed: TypingList, messages: int, roll: Roll) -> None:
        """Take what was read of a channel after `messages` lists: a later one is newer, or the same."""
        if room.messages == messages:
            self._list(room, listed)
        self._rolled(room, room.roster.read(roll, keep=room.partition.settling))
        if not room.current:
            self._current(room)

    def take_interest(self, live: LiveInterest, stored: StoredInterest | None) -> None:
        """Take an interest that was read; one that the store has lost stays what it was."""
        if stored is not None:
            self.take_change(live, stored)
        if not live.current and not (stored is not None and live.lacks(stored.version)):
            self._current(live)

    def take_change(self, live: LiveInterest, stored: StoredInterest) -> None:
        """Take what an interest has become."""
        if live.newer(stored):
            self.follower.change(live, stored)

    def doubt(self, watched: Watched) -> None:
        """Have something read again that may not be what the store says."""
        if watched.current:
            watched.era = -1
            for stream in watched.watchers:
                stream.missing += not stream.live
        self._wanted.read(watched)

    def reading_failed(self) -> None:
        """Tell those who wait for it that the store is out of reach."""
        for stream in self.register.streams:
            if not stream.live:
                self.pump.soon(stream)

    # Telling

    def _renew(self, topic: Topic, record: Record) -> None:
        if topic.take(record):
            window = self.pace.presence_window
            over = asyncio.get_running_loop().time() - window
            ready: list[Stream] = []
            for stream in topic.watchers:
                if stream.live and stream.put_topic(topic):
                    if stream.presence_at <= over:
                        ready.append(stream)
                    else:
                        self.pump.at(stream, stream.presence_at + window)
            self.pump.soon(*ready)
        if not topic.current:
            self._current(topic)

    def _list(self, room: Room, listed: TypingList) -> None:
        if room.take(listed):
            self._announce(room)

    def _hear_roll(self, room: Room, roll: Roll) -> None:
        if not room.current:
            room.roster.wait(roll)
        elif room.roster.lacks(roll):
            self.doubt(room)
        else:
            self._rolled(room, room.roster.hear(roll, keep=room.partition.settling))

    def _rolled(self, room: Room, change: Change | None) -> None:
        """Tell the watchers who came and went, and let those who follow it watch other users."""
        if change is None:
            return
        room.rolled()
        for stream in room.watchers:
            if stream.live and stream.put_roll(room, change.place):
                self.pump.at(stream, stream.channel_at + self.pace.presence_window)
        self.follower.roll(room, change)

    def _hear_change(self, live: LiveInterest, change: InterestChange) -> None:
        stored = live.hear(change)
        if stored is not None:
            self.follower.change(live, stored)
        elif live.stored is not None and live.lacks(live.stored.version):
            self.doubt(live)

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
            if stream.live and room.concerns(stream.viewer) and stream.put_room(room):
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
            elif stream.following is not None:
                self.follower.arrived(stream, watched)
        self.mender.mended(watched)
