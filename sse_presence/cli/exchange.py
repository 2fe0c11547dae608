"""A request that is answered past ASGI, as its connection sees it: one task, one write."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from sse_presence.http.reply import Reply

if TYPE_CHECKING:
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class Exchange:
    """Stands where uvicorn's protocol has its `RequestResponseCycle`, with what it asks of one."""

    more_body = False

    __slots__ = ("_answer", "_protocol", "disconnected", "keep_alive", "message_event", "response_complete")

    def __init__(self, protocol: HttpToolsProtocol, answer: Callable[[], Awaitable[Reply]]) -> None:
        self._protocol = protocol
        self._answer = answer
        self.disconnected = False
        self.keep_alive = True
        """Until the server is told to stop."""
        self.message_event = asyncio.Event()
        self.response_complete = False

    async def run_asgi(self, _: object) -> None:
        """Answer; uvicorn owns the task."""
        protocol = self._protocol
        answer = await self._answer()
        await protocol.flow.drain()  # a peer that reads no answers is given no more of them
        self.response_complete = True
        if self.disconnected or protocol.transport.is_closing():
            return
        protocol.transport.write(self._encoded(answer))
        if not self.keep_alive:
            protocol.transport.close()
        protocol.on_response_complete()

    def _encoded(self, answer: Reply) -> bytes:
        headers = [*self._protocol.server_state.default_headers, *answer.raw_headers]
        if not self.keep_alive:
            headers.append((b"connection", b"close"))
        lines = b"".join([b"%b: %b\r\n" % header for header in headers])
        return b"".join((STATUS_LINE[answer.status_code], lines, b"\r\n", answer.body))
