"""Lets open streams watch more and less: as members come and go, and as stored interests change.

What a stream has come to watch is told as soon as it is known, and no cursor moves beyond it before; of
what it watches no more nothing is told any more, not even what was waiting.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from sse_presence.domain.interest import StoredInterest
from sse_presence.fanout.following import Following
from sse_presence.fanout.live_interest import LiveInterest
from sse_presence.fanout.mender import Mender
from sse_presence.fanout.opening import Opening
from sse_presence.fanout.pace import Pace
from sse_presence.fanout.pump import Pump
from sse_presence.fanout.register import Register
from sse_presence.fanout.room import Room
from sse_presence.fanout.roster import BEGINNING, Change
from sse_presence.fanout.wanted import Wanted
from sse_presence.fanout.watched import Topic, Watched, enter, leave

if TYPE_CHECKING:
    from sse_presence.fanout.stream import Stream


class Follower:
    """Acts for all streams that follow."""

    def __init__(self, register: Register, mender: Mender, wanted: Wanted, pump: Pump, pace: Pace) -> None:
        self._register = register
        self._mender = mender
        self._wanted = wanted
        self._pump = pump
        self._pace = pace

    def follow(self, opening: Opening) -> Following:
        """What a stream that is opened watches at first."""
        interest = opening.interest
        if opening.stored is None:
            users = dict.fromkeys(interest.users, 0)
            following = Following(opening.caller, users, None)
            channels, crowds = dict.fromkeys((*interest.channels, *interest.members)), interest.members
        else:
            live = self._register.interest(opening.stored.id)
            if live.newer(opening.stored):
                self.change(live, opening.stored)
            following = Following(opening.caller, {}, live)
            channels, crowds = dict.fromkeys((*live.channels, *live.members)), tuple(live.members)
        may_enter, may_watch = opening.caller.may_enter, opening.caller.may_watch
        following.rooms.update((name, self._register.room(name)) for name in filter(may_enter, channels))
        following.crowds.update(following.rooms[name] for name in filter(may_enter, crowds))
        members = [user for room in following.crowds for user in sorted(room.roster.members)]
        for user in filter(may_watch, dict.fromkeys((*following.users, *members))):
            following.topics[user] = self._register.topic(user, own=user == interest.viewer)
        return following

    def roll(self, room: Room, change: Change) -> None:
        """The members of a channel changed."""
        if not change.joined and not change.left:
            return
        for stream in room.watchers:
            following = stream.following
            if following is not None and room in following.crowds:
                self._drop(stream, following, change.left)
                self._take(stream, following, sorted(change.joined))
                self.limit(stream)

    def change(self, live: LiveInterest, stored: StoredInterest) -> None:
        """A stored interest is now this."""
        last, live.stored = live.stored, stored
        for stream in tuple(live.watchers):
            following = stream.following
            if following is not None and last is not None:
                self._shrink(stream, following, last, stored)
                self._grow(stream, following, last, stored)
                self.limit(stream)

    def arrived(self, stream: Stream, watched: Watched) -> None:
        """What a live stream may have waited for is known."""
        following = stream.following
        if following is not None and watched in following.awaited:
            following.awaited.discard(watched)
            self._tell(stream, watched)

    def limit(self, stream: Stream) -> None:
        """End a stream whose viewer has come to watch more than it may."""
        viewer = stream.viewer
        if viewer is not None and self._register.watched[viewer] > self._pace.max_watched:
            now = asyncio.get_running_loop().time()
            stream.end_by(now, "limit")
            self._pump.surely_at(stream, now)

    def _shrink(
        self, stream: Stream, following: Following, last: StoredInterest, now: StoredInterest
    ) -> None:
        for channel in last.members.keys() - now.members.keys():
            room = following.rooms.get(channel)
            if room is not None:
                following.crowds.discard(room)
                self._drop(stream, following, room.roster.members)
        self._drop(stream, following, last.users.keys() - now.users.keys())
        for channel in _channels(last).keys() - _channels(now).keys():
            if channel in following.rooms:
                self._leave(stream, following, following.rooms.pop(channel))

    def _grow(self, stream: Stream, following: Following, last: StoredInterest, now: StoredInterest) -> None:
        may_enter = following.caller.may_enter
        users = _come(last.users, now.users)
        self._tell_anew(stream, following, [user for user in users if user in last.users])
        self._take(stream, following, users)
        for channel in filter(may_enter, _come(_channels(last), _channels(now))):
            room = following.rooms.get(channel)
            if room is None:
                room = following.rooms[channel] = self._register.room(channel)
                enter(stream, (room,))
                self._begin(stream, following, room)
            elif stream.live and last.channels.get(channel, 0) != now.channels.get(channel):
                self._tell_when_known(stream, following, room)  # neither list had it all along
        for channel in filter(may_enter, _come(last.members, now.members)):
            room = following.rooms[channel]
            members = sorted(room.roster.members)
            if room in following.crowds:
                self._tell_anew(stream, following, [user for user in members if user not in now.users])
            following.crowds.add(room)
            self._take(stream, following, members)

    def _tell_anew(self, stream: Stream, following: Following, users: Iterable[str]) -> None:
        """Tell of users who were removed meanwhile, and are watched."""
        for user in users:
            if stream.live and user in following.topics:
                self._tell_when_known(stream, following, following.topics[user])

    def _take(self, stream: Stream, following: Following, users: Iterable[str]) -> None:
        """Watch more users, as far as that is allowed."""
        for user in users:
            if user not in following.topics and following.caller.may_watch(user):
                topic = self._register.topic(user, own=user == stream.viewer)
                following.topics[user] = topic
                enter(stream, (topic,))
                self._register.count(stream, 1)
                self._begin(stream, following, topic)

    def _drop(self, stream: Stream, following: Following, users: Iterable[str]) -> None:
        """Watch fewer users, unless there is another reason to."""
        for user in users:
            if user in following.topics and not following.wants(user):
                self._register.count(stream, -1)
                self._leave(stream, following, following.topics.pop(user))

    def _begin(self, stream: Stream, following: Following, watched: Topic | Room) -> None:
        """Have something told that was not watched before."""
        if not watched.current:
            self._wanted.read(watched)
        if stream.live:
            self._tell_when_known(stream, following, watched)
        else:
            stream.missing += not watched.current

    def _tell_when_known(self, stream: Stream, following: Following, watched: Topic | Room) -> None:
        if watched.current:
            self._tell(stream, watched)
        else:
            if not following.awaited:
                following.held = stream.span.position
            following.awaited.add(watched)

    def _leave(self, stream: Stream, following: Following, watched: Topic | Room) -> None:
        idle = leave(stream, (watched,))
        following.awaited.discard(watched)
        stream.forget(watched)
        if not stream.live and not watched.current:
            stream.missing -= 1
            self._pump.soon(stream)
        if idle:
            self._mender.mended(watched)
            watched.partition.drop(watched)

    def _tell(self, stream: Stream, watched: Watched) -> None:
        if isinstance(watched, Topic):
            stream.put_topic(watched)
        elif isinstance(watched, Room):
            stream.put_room(watched)
            stream.put_roll(watched, BEGINNING)
        self._pump.soon(stream)


def _channels(interest: StoredInterest) -> dict[str, int]:
    """All channels of an interest: whose members are watched is watched itself."""
    return interest.channels | interest.members


def _come(last: Mapping[str, int], now: Mapping[str, int]) -> list[str]:
    """What was added, in the order in which it was."""
    return sorted((name for name, added in now.items() if last.get(name) != added), key=now.__getitem__)
