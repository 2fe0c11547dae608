"""What of a stream's interest changes while it is open: members of channels, and a stored interest.

Plain streams have none of this. Whoever follows watches the users named and the members of the channels
followed, as far as its caller has the right to; somebody who is both is watched until neither is true.
"""

from __future__ import annotations

from collections.abc import Mapping

from sse_presence.domain.rights import Identity
from sse_presence.fanout.live_interest import LiveInterest
from sse_presence.fanout.room import Room
from sse_presence.fanout.watched import Topic, Watched

Above = tuple[str, str, int]
"""Something that was changed or named after the position of a cursor."""


class Following:
    """The part of one stream that follows."""

    __slots__ = ("_users", "awaited", "caller", "crowds", "held", "interest", "rooms", "topics")

    def __init__(self, caller: Identity, users: Mapping[str, int], interest: LiveInterest | None) -> None:
        """`users` are those named where no stored interest names them."""
        self.caller = caller
        self._users = users
        self.interest = interest
        self.topics: dict[str, Topic] = {}
        """By user: all that the stream watches."""
        self.rooms: dict[str, Room] = {}
        """By channel, likewise."""
        self.crowds: set[Room] = set()
        """Those whose members are watched."""
        self.awaited: set[Watched] = set()
        """What it has come to watch since it is live, and has yet to be told for want of knowledge."""
        self.held = 0
        """The position of its cursor while something is awaited."""

    @property
    def users(self) -> Mapping[str, int]:
        """The users named, and when each was added (store time)."""
        return self._users if self.interest is None else self.interest.users

    def wants(self, user: str) -> bool:
        """Whether a user is to be watched."""
        return user in self.users or self.joined(user)

    def joined(self, user: str) -> bool:
        """Whether a user is a member of a channel that is followed."""
        return any(user in room.roster.members for room in self.crowds)

    def added(self, topic: Topic) -> int:
        """Store time at which a user was named; 0 for one who was from the beginning, or is a member only."""
        return self.users.get(topic.name, 0)

    def begun(self, position: int) -> list[Above]:
        """What is watched and was named after a position, and when: it begins anew each time."""
        if self.interest is None:
            return []
        channels = (*self.interest.channels.items(), *self.interest.members.items())
        rooms = [("channel", name, at) for name, at in channels if at > position and name in self.rooms]
        users = [
            ("user", name, at) for name, at in self.users.items() if at > position and name in self.topics
        ]
        return rooms + users

    def since(self, topic: Topic, position: int) -> bool:
        """Whether somebody who was told everything up to a position has to be told of a user.

        When members joined is not known, so that they are told in full.
        """
        return topic.changed > position or self.added(topic) > position or self.joined(topic.name)
