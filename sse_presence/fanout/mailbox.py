"""What waits to be sent to one stream: names of what changed, never copies of it.

A topic holds its newest state, so that whatever happens to it while a stream waits is conflated by itself,
and a mailbox is never larger than the stream's interest. An idle stream's mailbox is empty and costs a
hundred bytes.
"""

from __future__ import annotations

from sse_presence.fanout.watched import Room, Topic


class Mailbox:
    """Pending topics and rooms, in the order in which they first changed; None for nothing pending."""

    __slots__ = ("rooms", "topics")

    def __init__(self) -> None:
        self.topics: dict[Topic, None] | None = None
        self.rooms: dict[Room, None] | None = None

    def put_topic(self, topic: Topic) -> bool:
        """Note a change; True when it is the first that waits."""
        if self.topics is None:
            self.topics = {topic: None}
            return True
        self.topics[topic] = None
        return False

    def put_room(self, room: Room) -> bool:
        """Note a change of who types; True when it is the first that waits."""
        if self.rooms is None:
            self.rooms = {room: None}
            return True
        self.rooms[room] = None
        return False

    def take_records(self) -> list[bytes]:
        """The newest records of all that changed; they wait no longer."""
        topics, self.topics = self.topics or {}, None
        return [topic.encoded for topic in topics]

    def take_rooms(self) -> list[Room]:
        """The rooms in which typing changed; they wait no longer."""
        rooms, self.rooms = self.rooms or {}, None
        return list(rooms)

    def clear(self) -> None:
        """Nothing waits: everything is about to be sent anew."""
        self.topics = self.rooms = None
