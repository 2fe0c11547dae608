"""One open stream: what it has been told, and what it is told next.

A stream is greeted at once, gets everything (or what changed since its cursor) as soon as all that it
watches is current, and from then on what its mailbox holds, one presence frame a window. It keeps nothing
per user. What is sent is composed when the sink can take it, from what is true then, so that a slow reader
costs no more than its mailbox and never sees an outdated state.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING

from sse_presence.domain.cursor import NOT_ALL, NOTHING_ELSE, Cursor, told_digest
from sse_presence.fanout.following import Above, Following
from sse_presence.fanout.mailbox import Mailbox
from sse_presence.fanout.opening import Opening
from sse_presence.fanout.pump import NEVER
from sse_presence.fanout.room import Room
from sse_presence.fanout.roster import BEGINNING
from sse_presence.fanout.sink import Sink
from sse_presence.fanout.span import Span
from sse_presence.fanout.watched import Topic, Watched
from sse_presence.sse import encode

if TYPE_CHECKING:
    from sse_presence.fanout.hub import Hub

log = logging.getLogger("sse_presence")

_LAST_CHANCE = 1.0
"""Seconds that a busy peer has, once its stream should end, to take what was sent before."""


class Stream(Mailbox):
    """State of one stream; the hub fills it, the pump wakes it."""

    __slots__ = (
        "blocked", "channel_at", "cursor_at", "digest", "due", "ends_as", "ends_at", "following",
        "greeting", "hub", "live", "missing", "over", "plain", "presence_at", "resume", "rooms",
        "sink", "soon", "span", "stale", "ticket", "timed", "topics", "typing_at", "viewer", "written_at",
    )  # fmt: skip

    def __init__(
        self,
        hub: Hub,
        sink: Sink,
        opening: Opening,
        topics: Collection[Topic],
        rooms: Collection[Room],
        span: Span,
        following: Following | None = None,
    ) -> None:
        """`following` changes `topics` and `rooms` while the stream is open."""
        super().__init__()
        self.hub = hub
        self.sink = sink
        self.viewer = opening.interest.viewer
        self.topics = topics
        self.rooms = rooms
        self.following = following
        self.plain = following is None and not rooms
        """Whether its cursors say nothing but how far it was told of its users."""
        self.span = span
        self.digest = hub.press.digest(opening.digest)
        """Of the interest, for cursors."""
        self.ticket = opening.ticket
        self.resume: int | None = None
        """The position to resume from; None asks for a snapshot."""
        self.greeting = b""
        self.live = False
        """Whether it was told everything; before that its mailbox is not used."""
        self.missing = 0
        """How many of its topics and rooms are not current, while it is not live."""
        self.stale = False
        """Whether it was told that the store is out of reach."""
        self.blocked = False
        """Whether something was due while the sink was busy."""
        self.over = False
        self.presence_at = self.typing_at = self.channel_at = -NEVER
        self.cursor_at = self.written_at = 0.0
        self.ends_at = NEVER
        self.ends_as = ""
        self.due = NEVER
        self.soon = self.timed = False
        sink.ready = self.unblock

    def watched(self) -> Iterator[Watched]:
        """All that it watches."""
        yield from self.topics
        yield from self.rooms
        if self.following is not None and self.following.interest is not None:
            yield self.following.interest

    @property
    def here(self) -> Cursor:
        """The place of whom it told everything up to now."""
        following, position = self.following, self.span.position
        if following is not None and following.awaited:
            position = following.held
        return self.place(position, self.told(position))

    def place(self, position: int, told: bytes) -> Cursor:
        """A place in its life."""
        return Cursor(
            position=position,
            incarnations=self.span.incarnations,
            interest=self.digest,
            told=told,
            ticket=self.ticket,
        )

    def told(self, position: int) -> bytes:
        """Digest of what it was told beside all up to a position, as if no record were above that.

        What it tells of rooms later comes without a cursor, so this says only what has been so since then.
        """
        if not self.rooms:
            return NOTHING_ELSE
        waits = self.typed is not None or self.rolled is not None
        if waits or (self.following is not None and self.following.awaited):
            return NOT_ALL
        if any(room.roster.changed > position for room in self.rooms):
            return NOT_ALL
        return self._digest(None)

    # What the hub does

    def count_missing(self) -> None:
        """Count anew what is not current."""
        self.missing = sum(not watched.current for watched in self.watched())

    def restart(self) -> None:
        """Begin again with a snapshot: the store has another incarnation."""
        self.live, self.resume = False, None
        self.empty()
        if self.following is not None:
            self.following.awaited.clear()
        self.count_missing()

    def end_by(self, when: float, reason: str) -> None:
        """Say goodbye at loop time `when`, if it has not ended before."""
        if when < self.ends_at:
            self.ends_at, self.ends_as = when, reason

    def let_go(self) -> None:
        """Keep nothing alive: it is over, but the pump may know it for as long as a poll may last."""
        self.empty()
        self.topics = self.rooms = ()
        self.following = None
        del self.sink

    def unblock(self) -> None:
        """The peer took something."""
        if self.blocked:
            self.blocked = False
            self.hub.pump.surely_at(self, self._latest())  # it was entered to be given up
            self.hub.pump.soon(self)

    def fail(self, reason: str = "failed") -> None:
        """Give the connection up."""
        if not self.over:
            self.ends_as = reason
            self.sink.abort()
            self.hub.leave(self)

    # What the pump does

    def wake(self, now: float) -> float:
        """Send what is due; when more may be. Nearly always that is records and nothing else."""
        if self.over:
            return NEVER
        if self.sink.busy:
            return self._wait(now)
        hub = self.hub
        if (
            self.changed is None
            or self.typed is not None
            or self.rolled is not None
            or not self.timed  # the time has come for something else, perhaps its end
            or not self.live
            or self.stale
            or now < self.presence_at + hub.pace.presence_window
            or not self.span.whole
        ):
            return self._wake_for_anything(now)
        frame = hub.press.presence(self, now)
        hub.frames += 1
        hub.bytes += len(frame)
        self.presence_at = self.cursor_at = self.written_at = now
        if self.sink.write(frame):
            return self._wait(now)
        return NEVER  # nothing is due earlier than it was

    def _wake_for_anything(self, now: float) -> float:
        """Look at all that may be due."""
        frames: list[bytes] = []
        if self.greeting:
            frames.append(self.greeting)
            self.greeting = b""
        if now >= self.ends_at:
            frames.append(encode.bye(self.ends_as, self.hub.pace.retry(self.ends_as)))
            self.sink.end(self._sent(frames))
            self.hub.leave(self)
            return NEVER
        self._compose(frames, now)
        if frames:
            self.written_at = now
            if self.sink.write(self._sent(frames)):
                return self._wait(now)
        return self._next()

    def _sent(self, frames: list[bytes]) -> bytes:
        """All frames in one, counted."""
        sent = b"".join(frames)
        self.hub.frames += len(frames)
        self.hub.bytes += len(sent)
        return sent

    def _wait(self, now: float) -> float:
        """The sink is busy: what is pending goes on conflating until it is ready, or too late."""
        self.blocked = True
        if self.sink.progressed():
            self.written_at = now  # a slow peer is there, and hears something
            if not self.sink.busy:
                self.blocked = False
                return self._wake_for_anything(now)
        too_late = min(self.written_at + self.hub.pace.send_timeout, self.ends_at + _LAST_CHANCE)
        if now < too_late:
            return min(too_late, now + self.sink.look)
        log.info("A stream's peer takes nothing, so it is closed")
        self.fail("slow")
        return NEVER

    def _latest(self) -> float:
        """When it says something in any case."""
        return min(self.written_at + self.hub.pace.ping, self.ends_at)

    def _next(self) -> float:
        pace = self.hub.pace
        due = self._latest()
        if self.changed is not None:
            due = min(due, self.presence_at + pace.presence_window)
        elif self.live:
            due = min(due, self.cursor_at + pace.quiet)
        if self.typed is not None:
            due = min(due, self.typing_at + pace.typing_window)
        if self.rolled is not None:
            due = min(due, self.channel_at + pace.presence_window)
        return due

    def _trouble(self, now: float) -> bool:  # noqa: ARG002 - for a poll it has to last
        """Whether the store is out of reach."""
        return not self.span.whole or (not self.live and self.hub.reading_fails)

    def _compose(self, frames: list[bytes], now: float) -> None:
        trouble = self._trouble(now)
        if trouble and not self.stale:
            self.stale = True
            frames.append(encode.told("stale", {"since": self.span.since or self.hub.clock.now()}))
        if not self.live and self.missing == 0 and self.span.whole:
            self._replay(frames, now)
            self.live, self.resume = True, None
        elif self.live:
            self._tell_changes(frames, now)
        if self.stale and not trouble and self.live and not self.behind:
            self.stale = False
            frames.append(encode.told("fresh", {}))
        if not frames and now >= self.written_at + self.hub.pace.ping:
            frames.append(encode.told("ping", {"time": self.hub.clock.now()}))

    def _replay(self, frames: list[bytes], now: float) -> None:
        """Everything, or what changed since the cursor, as of this moment; then it is live."""
        cursor = self.hub.press.cursor(self.here)
        self.cursor_at = now
        if self.resume is None:
            records = [topic.encoded for topic in self.topics]
            frames.append(encode.snapshot(records, cursor, self.span.settling(now)))
        else:
            records = [topic.encoded for topic in self._since(self.resume)]
            frames.append(encode.presence_parts(records, cursor))
            self.presence_at = now
        self._tell_rooms(frames, now)

    def _since(self, position: int) -> list[Topic]:
        """Of whom somebody has to be told who was told everything up to a position."""
        if self.following is None:
            return [topic for topic in self.topics if topic.changed > position]
        return [topic for topic in self.topics if self.following.since(topic, position)]

    def _digest(self, above: list[Above] | None) -> bytes:
        """Of the rooms, and of what was told that is above a position; None for a stream."""
        rooms = sorted(self.rooms, key=lambda room: room.name)
        return told_digest(above, [room.told(self.viewer) for room in rooms])

    def _tell_rooms(self, frames: list[bytes], now: float) -> None:
        if self.rooms:
            self._tell_typing(frames, self.rooms, now)
            self._tell_rolls(frames, dict.fromkeys(self.rooms, BEGINNING), now)

    def _tell_changes(self, frames: list[bytes], now: float) -> None:
        pace = self.hub.pace
        if self.rolled is not None and now >= self.channel_at + pace.presence_window:
            self._tell_rolls(frames, self.take_rolled(), now)
        if self.typed is not None and now >= self.typing_at + pace.typing_window:
            self._tell_typing(frames, self.take_typed(), now)
        quiet = self.changed is None
        if now >= (self.cursor_at + pace.quiet if quiet else self.presence_at + pace.presence_window):
            frames.append(self.hub.press.presence(self, now))
            self.presence_at = self.cursor_at = now

    def _tell_typing(self, frames: list[bytes], rooms: Collection[Room], now: float) -> None:
        told = [encode.typing_json(room.listed, self.viewer, room.partition.clock.now()) for room in rooms]
        frames.append(encode.typing(told))
        self.typing_at = now

    def _tell_rolls(self, frames: list[bytes], rolls: Mapping[Room, int], now: float) -> None:
        told = [roll for room, place in rolls.items() if (roll := room.roll_json(place)) is not None]
        if told:
            frames.append(encode.channels(told))
            self.channel_at = now
