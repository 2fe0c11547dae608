"""uvicorn's HTTP protocol: one connection, bounded, and offered to requests (`sse_presence.sse.transport`).

Whatever a peer sends, or leaves half sent, no connection keeps more than some requests, or outlives a stop.
"""

from __future__ import annotations

import asyncio
import errno
import re
from collections.abc import Sized
from typing import cast

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from sse_presence.sse.transport import EXTENSION, Connection

_NO_ANSWER = (errno.ETIMEDOUT, errno.EHOSTUNREACH, errno.ENETUNREACH)

_LAST_WORDS = 1
"""Seconds that a request which is on its way may still take when the process stops."""

_WAITING = 16
"""Requests behind the one that is being answered, beyond which no more are read."""

_LONGEST_HEAD = 524_288
"""Bytes of a head that is still to end: more than one read, in which much else may come before it."""

_MOST_HEADERS = 10_000

_OFFER = re.compile(rb"(^|\r\n)[Uu]pgrade:")


class StreamProtocol(HttpToolsProtocol):
    """One connection, which streams may write to themselves."""

    __slots__ = ("_before", "_head", "connection")  # the parent's dict is full: one more, and none is shared

    connection: Connection
    _head: int
    """Bytes of the head that is being read; negative before the first."""
    _before: list[RequestResponseCycle] | None
    """Requests that were not answered when the next one came, in their order; answered are those at first."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Take a connection; one that says nothing is kept no longer than one that has said all it had to."""
        super().connection_made(transport)
        self._head, self._before = -1, None
        self.flow = _Flow(transport, self.pipeline)
        self._await_more()
        self.connection = {"transport": cast("asyncio.WriteTransport", transport), "vanished": False}

    def connection_lost(self, exc: Exception | None) -> None:
        """Note whether the peer only answered no more, and tell all requests that are not answered.

        uvicorn tells the last one that came; a stream with another behind it would never end.
        """
        self.connection["vanished"] = isinstance(exc, OSError) and exc.errno in _NO_ANSWER
        super().connection_lost(exc)
        self._unset_keepalive_if_required()  # uvicorn leaves that to the timer after a reset
        for cycle in filter(_lacks_answer, self._before or ()):
            cycle.disconnected = True
            cycle.message_event.set()

    def data_received(self, data: bytes) -> None:
        """Take what came, but no offer to go on in another protocol.

        The parser would take the body for that protocol's. Clients in Java and Kotlin offer HTTP/2 so.
        """
        if b"pgrade:" in data and not _lacks_body(self.cycle):
            head, end, rest = data.partition(b"\r\n\r\n")
            data = _OFFER.sub(rb"\1Declined:", head) + end + rest
        super().data_received(data)
        if self.timeout_keep_alive_task is None and _is_partial(self.cycle):
            self._await_more()
            self._refuse_endless(len(data))

    def _refuse_endless(self, size: int) -> None:
        """Give up a request that goes on and on; the parser would keep all of it."""
        if self._head < 0 or self.transport.is_closing():
            return
        if "method" not in self.scope:
            self._head += size
        if self._head > _LONGEST_HEAD or len(self.headers) > _MOST_HEADERS:
            self.send_400_response("The head of the request is too long.")

    def shutdown(self) -> None:
        """Answer what was asked, and wait a moment for what is being asked."""
        super().shutdown()
        self.timeout_keep_alive = _LAST_WORDS
        if _is_partial(self.cycle) and not self.transport.is_closing():
            self._unset_keepalive_if_required()
            self._await_more()

    def _await_more(self) -> None:
        """Close the connection unless something comes."""
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )

    def on_message_begin(self) -> None:
        """Begin a request."""
        if _lacks_answer(self.cycle):
            if not self._before or self._before[0].response_complete:
                self._before = [*filter(_lacks_answer, self._before or ())]
            self._before.append(self.cycle)
        super().on_message_begin()
        self._head = 0
        self.scope["extensions"] = {EXTENSION: cast("dict[object, object]", self.connection)}


class _Flow(FlowControl):
    """Reads nothing while many requests wait: uvicorn reads on after each answer, and holds ever more."""

    def __init__(self, transport: asyncio.Transport, waiting: Sized) -> None:
        super().__init__(transport)
        self._waiting = waiting

    def resume_reading(self) -> None:
        """Read on, unless there is enough to do; a peer that goes is noticed by reading, too."""
        if len(self._waiting) < _WAITING:
            super().resume_reading()


def _is_partial(cycle: RequestResponseCycle | None) -> bool:
    """Whether the rest of a request has yet to come, given the last one of which the head is known."""
    return cycle is None or cycle.response_complete or cycle.more_body


def _lacks_body(cycle: RequestResponseCycle | None) -> bool:
    return cycle is not None and cycle.more_body


def _lacks_answer(cycle: RequestResponseCycle | None) -> bool:
    return cycle is not None and not cycle.response_complete
