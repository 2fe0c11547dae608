"""Requests that are answered past ASGI, as their connection sees them: one at a time, one write each.

One task answers all those of a connection: to start one costs more than much of what it would do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from sse_presence.http.reply import Reply

if TYPE_CHECKING:
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

Ask = Callable[[], Awaitable[Reply]]
"""Does what a request asks for, and never raises."""


class Exchange:
    """Stands where uvicorn has a request's `RequestResponseCycle`, with what its protocol asks of one."""

    more_body = False

    __slots__ = ("_next", "_protocol", "disconnected", "keep_alive", "message_event", "response_complete")

    def __init__(self, protocol: HttpToolsProtocol) -> None:
        self._protocol = protocol
        self._next: asyncio.Future[Ask | None] | None = None
        """Where the task waits, if there is one."""
        self.disconnected = False
        self.keep_alive = True
        """Until the server is told to stop."""
        self.message_event = asyncio.Event()
        self.response_complete = True

    def begin(self, ask: Ask) -> None:
        """Answer a request; the one before has been."""
        self.response_complete = False
        if self._next is not None:
            self._next.set_result(ask)
            return
        tasks = self._protocol.tasks
        task = self._protocol.loop.create_task(self._answer_all(ask))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    def end(self) -> None:
        """The connection is lost; what is being done is done to its end."""
        self.disconnected = True
        if self._next is not None and not self._next.done():
            self._next.set_result(None)

    async def _answer_all(self, ask: Ask | None) -> None:
        while ask is not None:
            answer = await ask()
            if self._protocol.flow.write_paused:  # a peer that reads no answers is given no more of them
                await self._protocol.flow.drain()
            self._next = self._protocol.loop.create_future()
            self._send(answer)
            ask = None if self.disconnected else await self._next
        del self._protocol  # the two hold each other, and the collector comes seldom

    def _send(self, answer: Reply) -> None:
        protocol = self._protocol
        self.response_complete = True
        if protocol.transport.is_closing():
            return
        protocol.transport.write(self._encoded(answer))
        if not self.keep_alive:
            protocol.transport.close()
        protocol.on_response_complete()

    def _encoded(self, answer: Reply) -> bytes:
        headers = self._protocol.server_state.default_headers + answer.raw_headers
        if not self.keep_alive:
            headers.append((b"connection", b"close"))
        return b"".join((STATUS_LINE[answer.status_code], *map(_line, headers), b"\r\n", answer.body))


@lru_cache(maxsize=64)  # they are the same over and over
def _line(header: tuple[bytes, bytes]) -> bytes:
    return b"%b: %b\r\n" % header
