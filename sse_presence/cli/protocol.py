"""uvicorn's HTTP protocol: one connection, bounded, and offered to requests (`sse_presence.sse.transport`).

Whatever a peer sends, or leaves half sent, no connection keeps more than some requests, or outlives a stop.
No byte of a body is ever taken for a request: where the end of a request cannot be told, what was asked
before is answered, and nothing more is heard.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Sized
from typing import TYPE_CHECKING, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from sse_presence.errors import Malformed
from sse_presence.http.problems import refusal
from sse_presence.sse.transport import EXTENSION, Connection

if TYPE_CHECKING:
    from uvicorn._types import ASGI3Application

_NO_ANSWER = (errno.ETIMEDOUT, errno.EHOSTUNREACH, errno.ENETUNREACH)

_LAST_WORDS = 1
"""Seconds that a request which is on its way may still take when the process stops."""

_WAITING = 16
"""Requests behind the one that is being answered, beyond which no more are read."""

_SLICE = 4_096
"""Bytes that are parsed in one go: of what comes in one read, thousands of small requests might be made."""

_LONGEST = 524_288
"""Bytes of a head, or of anything else that the parser keeps until it ends."""

_MOST_HEADERS = 10_000

_NEVER = float("inf")

_OFFER = frozenset({b"upgrade", b"http2-settings"})
"""Headers of a request that would rather be another protocol's."""


class StreamProtocol(HttpToolsProtocol):
    """One connection, which streams may write to themselves."""

    __slots__ = ("_deaf", "_foremost", "_unread", "_unsettled", "_until", "connection")
    # the parent's dict is full: one more, and none is shared

    connection: Connection
    _foremost: RequestResponseCycle | None
    """The request that is being answered, or was last; those that wait behind it are in `pipeline`."""
    _unread: bytes
    """What came and has yet to be parsed, while many requests wait."""
    _unsettled: int
    """Bytes parsed since the parser last had something to say."""
    _deaf: bool
    """Whether nothing more is heard."""
    _until: float
    """Loop time at which the connection is closed unless something comes; `_NEVER` while an answer is due."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Take a connection; one that says nothing is kept no longer than one that has said all it had to."""
        super().connection_made(transport)
        self._foremost, self._unread, self._unsettled, self._deaf = None, b"", 0, False
        self.headers = []
        self.flow = _Flow(transport, self.pipeline)
        self._await_more()
        self.connection = {"transport": cast("asyncio.WriteTransport", transport), "vanished": False}

    def connection_lost(self, exc: Exception | None) -> None:
        """Note whether the peer only answered no more, and tell all requests that are not answered.

        uvicorn tells the last one that came; a stream with another behind it would never end.
        """
        self.connection["vanished"] = isinstance(exc, OSError) and exc.errno in _NO_ANSWER
        super().connection_lost(exc)
        self._unset_keepalive_if_required()
        for cycle in self._unanswered():
            cycle.disconnected = True
            cycle.message_event.set()

    # What comes

    def data_received(self, data: bytes) -> None:
        """Take what came."""
        if not self._deaf:
            self._read(data)

    def on_response_complete(self) -> None:
        """Go on with what has waited for it: what uvicorn does, without a timer made anew each time."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        if self._unread:
            self._read(b"")
        else:
            self._mind_turn()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._foremost = cycle
        super()._start_asgi_task(cycle, app)

    def _read(self, data: bytes) -> None:
        """Parse what came, as long as not too many requests wait."""
        if self._unread or len(data) > _SLICE:
            self._unread += data
            while self._unread and len(self.pipeline) < _WAITING:
                data, self._unread = self._unread[:_SLICE], self._unread[_SLICE:]
                self._parse(data)
            if self._unread:
                self.flow.pause_reading()
        else:
            self._parse(data)
        self._mind_turn()

    def _parse(self, data: bytes) -> None:
        self._unsettled += len(data)
        try:
            self.parser.feed_data(data)
        except HttpParserUpgrade as offer:
            (end,) = offer.args
            self._decline(data[end:])
        except HttpParserError:
            self._hear_no_more("This is no request of HTTP/1.1.")
        else:
            if self._unsettled > _LONGEST or len(self.headers) > _MOST_HEADERS:
                self._hear_no_more("The head of the request is too long.")

    def _decline(self, rest: bytes) -> None:
        """Do not go on in another protocol, as the head before `rest` offers.

        The parser would take the body for that protocol's, and the next one would take it for a request.
        Clients in Java and Kotlin offer HTTP/2 so. Such a request is made anew without the offer.
        """
        if self._should_upgrade():
            head = self._without_offer()
            self.parser = HttpRequestParser(self)
            self._parse(head + rest)
        else:
            self._hear_no_more("")

    def _should_upgrade(self) -> bool:
        """Whether the present request offers another protocol, so that it is not begun as it is."""
        return self.parser.get_method() != b"CONNECT"

    def _without_offer(self) -> bytes:
        lines = [b"%b: %b" % header for header in self.scope["headers"] if header[0] not in _OFFER]
        first = b"%b %b HTTP/%b" % (
            self.parser.get_method(), self.url, self.parser.get_http_version().encode(),
        )  # fmt: skip
        return b"\r\n".join((first, *lines, b"", b""))

    def _hear_no_more(self, why: str) -> None:
        """Answer what was asked in full, and end; if all that is answered, say why and end at once."""
        self._deaf, self._unread, self.headers = True, b"", []
        self.parser = HttpRequestParser(self)  # the last one may hold half a MiB
        due = self._unanswered()
        last = due.pop() if due and due[-1].more_body else None  # will never be whole
        if due:
            if last is not None:
                self.pipeline.popleft()
            self.cycle = due[-1]
            self.cycle.keep_alive = False
        elif last is not None and last.response_started:
            self.transport.close()
        else:
            self.send_400_response(why)

    def _unanswered(self) -> list[RequestResponseCycle]:
        """The requests that lack an answer, in their order."""
        waiting = [cycle for cycle, _ in reversed(self.pipeline)]
        if self._foremost is None or self._foremost.response_complete:
            return waiting
        return [self._foremost, *waiting]

    def send_400_response(self, msg: str) -> None:
        """Refuse what cannot be read, and end."""
        if self.transport.is_closing():
            return
        answer = refusal(Malformed(msg))
        headers = [*self.server_state.default_headers, *answer.raw_headers, (b"connection", b"close")]
        lines = [b"%b: %b\r\n" % header for header in headers]
        self.transport.write(b"".join((STATUS_LINE[answer.status_code], *lines, b"\r\n", answer.body)))
        self.transport.close()

    # Its end

    def shutdown(self) -> None:
        """Answer what was asked, and wait a moment for what is being asked."""
        super().shutdown()
        self.timeout_keep_alive = _LAST_WORDS
        if not self.transport.is_closing():
            self._unset_keepalive_if_required()
            self._mind_turn()

    def _mind_turn(self) -> None:
        """Limit the time of a peer whose turn it is, and of no peer that waits for an answer."""
        if self._foremost is None or self._foremost.response_complete or self._foremost.more_body:
            self._await_more()
        else:
            self._until = _NEVER

    def _await_more(self) -> None:
        """Close the connection unless something comes. A timer that runs is left to find that out."""
        self._until = self.loop.time() + self.timeout_keep_alive
        if self.timeout_keep_alive_task is None:
            self._start_timer()

    def _start_timer(self) -> None:
        self.timeout_keep_alive_task = self.loop.call_at(self._until, self.timeout_keep_alive_handler)

    def timeout_keep_alive_handler(self) -> None:
        """Close the connection if its time is over."""
        self.timeout_keep_alive_task = None
        if self._until <= self.loop.time():
            super().timeout_keep_alive_handler()
        elif self._until < _NEVER:
            self._start_timer()

    # What the parser says

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self._unsettled = 0
        self.scope["extensions"] = {EXTENSION: cast("dict[object, object]", self.connection)}

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; blanks at its end are no part of it, which the parser does not know."""
        name, value = name.lower(), value.rstrip(b" \t")
        if name == b"expect":
            super().on_header(name, value)
        else:
            self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Begin to answer a request, or queue it; what comes as a header after its body is none."""
        super().on_headers_complete()
        self._unsettled, self.headers = 0, []
        if 0 < len(self.pipeline) < _WAITING:
            self.flow.resume_reading()  # what is being answered may be a stream, whose peer may go

    def on_body(self, body: bytes) -> None:
        """Take a part of a body."""
        super().on_body(body)
        self._unsettled = 0

    def on_message_complete(self) -> None:
        """End a request."""
        super().on_message_complete()
        self._unsettled = 0
        if _lacks_body(self.cycle):
            self.cycle.more_body = False  # uvicorn leaves it where the answer came first


class _Flow(FlowControl):
    """Reads nothing while many requests wait: uvicorn reads on after each answer, and holds ever more."""

    def __init__(self, transport: asyncio.Transport, waiting: Sized) -> None:
        super().__init__(transport)
        self._waiting = waiting

    def resume_reading(self) -> None:
        """Read on, unless there is enough to do; a peer that goes is noticed by reading, too."""
        if len(self._waiting) < _WAITING:
            super().resume_reading()


def _lacks_body(cycle: RequestResponseCycle | None) -> bool:
    return cycle is not None and cycle.more_body
