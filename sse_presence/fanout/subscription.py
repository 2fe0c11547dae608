"""One client's stream, from being let in to being gone: what has to be given back is given back here."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import TYPE_CHECKING

from sse_presence.domain.interest import Interest
from sse_presence.fanout.attachments import Attachments, Key
from sse_presence.fanout.hub import Hub
from sse_presence.fanout.opening import Opening
from sse_presence.fanout.sink import Sink
from sse_presence.sse import encode

if TYPE_CHECKING:
    from sse_presence.fanout.stream import Stream

_PER_STREAM = 0.025
"""Seconds of draining that a stream is worth: few streams end at once, many over the whole time."""


class Refused:
    """A stream that was told to come back later, and ended."""

    def close(self, *, by_peer: bool, vanished: bool) -> None:
        """Nothing was taken."""


class Subscription:
    """An open stream, counted for its viewer and, where it names a device, attached."""

    __slots__ = ("_attached", "_desk", "_stream")

    def __init__(self, desk: Desk, stream: Stream, attached: Key | None) -> None:
        self._desk = desk
        self._stream = stream
        self._attached = attached

    def close(self, *, by_peer: bool, vanished: bool) -> None:
        """The connection is gone: by the peer, if this process had not ended the stream before."""
        by_peer = by_peer and not self._stream.over
        if not self._stream.over:
            self._stream.ends_as = "vanished" if vanished else "peer" if by_peer else "cut"
        self._desk.hub.leave(self._stream)
        self._desk.release(self._stream)
        if self._attached is not None:
            self._desk.attachments.detach(self._attached, by_peer=by_peer)


class Desk:
    """Lets streams in, or tells them in-band why not, and ends all of them when the process stops."""

    def __init__(
        self, hub: Hub, attachments: Attachments, *, room: int, max_streams: int, max_watched: int
    ) -> None:
        """`room` is for all streams of this process, the other limits are for those of one viewer."""
        self.hub = hub
        self.attachments = attachments
        self.draining = False
        self.ended: Counter[str] = Counter()
        """Streams by why they ended, those that were refused among them."""
        self._room = room
        self._max_streams = max_streams
        self._max_watched = max_watched
        self._streams: Counter[str] = Counter()
        self._open = 0
        self._empty = asyncio.Event()
        self._empty.set()

    async def empty(self) -> None:
        """Return when no stream has a connection any more."""
        await self._empty.wait()

    def open(self, opening: Opening, sink: Sink) -> Subscription | Refused:
        """Open a stream, or end it with `bye`: browsers give up for good on any other refusal."""
        interest = opening.interest
        reason = self._refusal(interest)
        if reason is not None:
            return self.refuse(reason, sink)
        stream = self.hub.open(opening, sink)
        self._count(stream, 1)
        self._open += 1
        self._empty.clear()
        if opening.expires is not None:
            left = opening.expires / 1000 - time.time()
            self.hub.end(stream, asyncio.get_running_loop().time() + left, "expired")
        attached = None
        if opening.device is not None and interest.viewer is not None:
            attached = self.attachments.attach(interest.viewer, opening.device)
        return Subscription(self, stream, attached)

    def refuse(self, reason: str, sink: Sink) -> Refused:
        """Tell a client to come back later."""
        sink.end(encode.bye(reason, self.hub.pace.retry(reason)))
        self.ended[reason] += 1
        return Refused()

    def release(self, stream: Stream) -> None:
        """The viewer may open another."""
        self.ended[stream.ends_as] += 1
        self._count(stream, -1)
        self._open -= 1
        if not self._open:
            self._empty.set()

    def drain(self, seconds: float) -> None:
        """Let nobody in any more, and say goodbye to all within `seconds`; again, for sooner."""
        self.draining = True
        now = asyncio.get_running_loop().time()
        streams = list(self.hub.register.streams)
        spread = min(seconds, _PER_STREAM * len(streams))
        for stream in streams:
            self.hub.end(stream, now + self.hub.pace.random.uniform(0, spread), "shutdown")

    def _refusal(self, interest: Interest) -> str | None:
        if self.draining:
            return "shutdown"
        if self._open >= self._room:
            return "overload"
        viewer = interest.viewer
        if viewer is None:
            return None
        too_many = self._streams[viewer] >= self._max_streams
        return (
            "limit"
            if too_many or self.hub.register.watched[viewer] + len(interest.users) > self._max_watched
            else None
        )

    def _count(self, stream: Stream, step: int) -> None:
        viewer = stream.viewer
        if viewer is not None:
            self._streams[viewer] += step
            if not self._streams[viewer]:
                del self._streams[viewer]
