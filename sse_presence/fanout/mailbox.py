"""What waits to be sent to one stream: names of what changed, never copies of it.

A topic holds its newest state, so that whatever happens to it while a stream waits is conflated by itself,
and a mailbox is never larger than the stream's interest. Of who came and went only the place in a room's
roster is noted from which on it has to be told. An idle stream's mailbox is empty and costs a
hundred bytes.
"""

from __future__ import annotations

from sse_presence.fanout.room import Room
from sse_presence.fanout.watched import Topic, Watched


class Mailbox:
    """Pending topics and rooms, in the order in which they first changed; None for nothing pending."""

    __slots__ = ("rolls", "rooms", "topics")

    def __init__(self) -> None:
        self.topics: Topic | dict[Topic, None] | None = None
        """A lone one, as it is in a quiet system, needs nothing around it."""
        self.rooms: dict[Room, None] | None = None
        """Where typing changed."""
        self.rolls: dict[Room, int] | None = None
        """Where members did, and from which place of the roster on."""

    @property
    def behind(self) -> bool:
        """Whether something waits that does not expire by itself."""
        return self.topics is not None or self.rolls is not None

    def put_topic(self, topic: Topic) -> bool:
        """Note a change; True when it is the first that waits."""
        waiting = self.topics
        if waiting is None:
            self.topics = topic
            return True
        if isinstance(waiting, dict):
            waiting[topic] = None
        elif waiting is not topic:
            self.topics = {waiting: None, topic: None}
        return False

    def put_room(self, room: Room) -> bool:
        """Note a change of who types; True when it is the first that waits."""
        if self.rooms is None:
            self.rooms = {room: None}
            return True
        self.rooms[room] = None
        return False

    def put_roll(self, room: Room, place: int) -> bool:
        """Note that members changed after a place of the roster; True when it is the first that waits."""
        if self.rolls is None:
            self.rolls = {room: place}
            return True
        self.rolls[room] = min(place, self.rolls.get(room, place))
        return False

    def take_records(self) -> list[bytes]:
        """The newest records of all that changed; they wait no longer."""
        topics, self.topics = self.topics, None
        if topics is None:
            return []
        return [topic.encoded for topic in topics] if isinstance(topics, dict) else [topics.encoded]

    def take_rooms(self) -> list[Room]:
        """The rooms in which typing changed; they wait no longer."""
        rooms, self.rooms = self.rooms or {}, None
        return list(rooms)

    def take_rolls(self) -> dict[Room, int]:
        """The rooms in which members changed, and since which place; they wait no longer."""
        rolls, self.rolls = self.rolls or {}, None
        return rolls

    def forget(self, watched: Watched) -> None:
        """It is watched no more."""
        if self.topics is watched:
            self.topics = None
        elif isinstance(self.topics, dict) and isinstance(watched, Topic):
            self.topics.pop(watched, None)
            self.topics = self.topics or None
        if self.rooms is not None and isinstance(watched, Room):
            self.rooms.pop(watched, None)
            self.rooms = self.rooms or None
        if self.rolls is not None and isinstance(watched, Room):
            self.rolls.pop(watched, None)
            self.rolls = self.rolls or None

    def clear(self) -> None:
        """Nothing waits: everything is about to be sent anew."""
        self.topics = self.rooms = self.rolls = None
