"""Refusals that reach a peer which still sends: where the connection is to close, that is taken first.

A server that closes a connection with bytes on it that nobody has read makes the system reset it, and a reset
throws away the answer that is on its way: a proxy says 502 in its place. So before a request is refused whose
connection is to close, the rest of its body is read and dropped, for a few seconds at most. Where it stays
open the server does so itself, after the answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import suppress

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sse_presence.http.headers import header

READ_WITHIN = 5.0
"""Seconds for the rest of a body; then the answer has to take its chance."""

_REFUSAL = 400


class ReadToEnd:
    """Has a request read to its end before it is refused; what has no body is handed on as it is."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Handle one connection."""
        if scope["type"] == "http" and _has_body(scope) and _closes(scope):
            body = _Body(receive, send, expected=header(scope, b"expect") is None)
            return self._app(scope, body.receive, body.send)
        return self._app(scope, receive, send)


def _closes(scope: Scope) -> bool:
    return scope["http_version"] == "1.0" or "close" in (header(scope, b"connection") or "").lower()


def _has_body(scope: Scope) -> bool:
    return any(name in {b"content-length", b"transfer-encoding"} for name, _ in scope["headers"])


class _Body:
    """The body of one request, and the answer to it."""

    __slots__ = ("_coming", "_receive", "_send")

    def __init__(self, receive: Receive, send: Send, *, expected: bool) -> None:
        """`expected`: the peer waits for no word before it sends the body."""
        self._receive = receive
        self._send = send
        self._coming = expected

    async def receive(self) -> Message:
        message = await self._receive()
        self._coming = message["type"] == "http.request" and message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] >= _REFUSAL:
            with suppress(TimeoutError):
                async with asyncio.timeout(READ_WITHIN):
                    while self._coming:
                        await self.receive()
        await self._send(message)
