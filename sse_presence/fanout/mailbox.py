"""What waits to be sent to one stream: names of what changed, never copies of it.

A topic holds its newest state, so that whatever happens to it while a stream waits is conflated by itself,
and a mailbox is never larger than the stream's interest. Of who came and went only the place in a room's
roster is noted from which on it has to be told. A mailbox is the base of its stream, not a part of it: one
change makes a process look at thousands of them, and each object more is memory that has to be waited for.
"""

from __future__ import annotations

from sse_presence.fanout.room import Room
from sse_presence.fanout.watched import Topic, Watched


class Mailbox:
    """Pending topics and rooms, in the order in which they first changed; None for nothing pending."""

    __slots__ = ("changed", "rolled", "typed")

    def __init__(self) -> None:
        self.changed: Topic | dict[Topic, None] | None = None
        """A lone one, as it is in a quiet system, needs nothing around it."""
        self.typed: dict[Room, None] | None = None
        """Where typing changed."""
        self.rolled: dict[Room, int] | None = None
        """Where members did, and from which place of the roster on."""

    @property
    def behind(self) -> bool:
        """Whether something waits that does not expire by itself."""
        return self.changed is not None or self.rolled is not None

    def put_topic(self, topic: Topic) -> bool:
        """Note a change; True when it is the first that waits."""
        waiting = self.changed
        if waiting is None:
            self.changed = topic
            return True
        if isinstance(waiting, dict):
            waiting[topic] = None
        elif waiting is not topic:
            self.changed = {waiting: None, topic: None}
        return False

    def put_room(self, room: Room) -> bool:
        """Note a change of who types; True when it is the first that waits."""
        if self.typed is None:
            self.typed = {room: None}
            return True
        self.typed[room] = None
        return False

    def put_roll(self, room: Room, place: int) -> bool:
        """Note that members changed after a place of the roster; True when it is the first that waits."""
        if self.rolled is None:
            self.rolled = {room: place}
            return True
        self.rolled[room] = min(place, self.rolled.get(room, place))
        return False

    def take_records(self) -> list[bytes]:
        """The newest records of all that changed; they wait no longer."""
        topics, self.changed = self.changed, None
        if topics is None:
            return []
        return [topic.encoded for topic in topics] if isinstance(topics, dict) else [topics.encoded]

    def take_typed(self) -> list[Room]:
        """The rooms in which typing changed; they wait no longer."""
        rooms, self.typed = self.typed or {}, None
        return list(rooms)

    def take_rolled(self) -> dict[Room, int]:
        """The rooms in which members changed, and since which place; they wait no longer."""
        rolls, self.rolled = self.rolled or {}, None
        return rolls

    def forget(self, watched: Watched) -> None:
        """It is watched no more."""
        if self.changed is watched:
            self.changed = None
        elif isinstance(self.changed, dict) and isinstance(watched, Topic):
            self.changed.pop(watched, None)
            self.changed = self.changed or None
        if self.typed is not None and isinstance(watched, Room):
            self.typed.pop(watched, None)
            self.typed = self.typed or None
        if self.rolled is not None and isinstance(watched, Room):
            self.rolled.pop(watched, None)
            self.rolled = self.rolled or None

    def empty(self) -> None:
        """Nothing waits: everything is about to be sent anew."""
        self.changed = self.typed = self.rolled = None
