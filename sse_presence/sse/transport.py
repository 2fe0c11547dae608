"""A response body written straight to the connection: no task, no queue, no copy on the way.

The server offers its connection as an ASGI extension; only the head and the end of the body go through
`send`, so that the server knows where its response stands. Every write is one chunk of the chunked coding,
which the server has announced in the head because no length was given.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import Callable
from functools import lru_cache
from typing import TypedDict

from starlette.types import Scope, Send

EXTENSION = "sse_presence.connection"
"""Key in `scope["extensions"]`; the value is a `Connection`."""

_LOOK = 0.05
"""Seconds: a peer that did not take everything at once is slow, and looked at 20 times a second."""


class Connection(TypedDict):
    """One connection, shared by all requests that come on it."""

    transport: asyncio.WriteTransport
    vanished: bool
    """Whether it was lost because the peer answered no more."""


class TransportSink:
    """The body of one stream; `fanout.sink.Sink` says what its methods promise."""

    look = _LOOK

    __slots__ = ("_ending", "_file", "_left", "_send", "_transport", "busy", "ready")

    def __init__(self, transport: asyncio.WriteTransport, send: Send) -> None:
        self._transport = transport
        self._file: int = transport.get_extra_info("socket").fileno()
        self._send = send
        self._ending: asyncio.Task[None] | None = None
        self._left = transport.get_write_buffer_size()
        """Bytes that the peer had yet to take when that was last looked at."""
        self.busy = self._left > 0
        self.ready: Callable[[], None]

    @property
    def aborted(self) -> bool:
        """Giving up ends the connection, and with it the handler."""
        return False

    def progressed(self) -> bool:
        """Whether the kernel, which holds little for a peer, took more of what is left."""
        last, self._left = self._left, self._transport.get_write_buffer_size()
        self.busy = self._left > 0
        return self._left < last

    def write(self, data: bytes) -> bool:
        """Send whole events."""
        transport, chunk = self._transport, _chunk(data)
        if transport.is_closing():
            return False
        try:
            sent = os.write(self._file, chunk)  # what the transport would do, at a tenth of a delivery's cost
        except OSError:
            sent = 0
        if sent == len(chunk):
            return False
        transport.write(chunk[sent:])  # keeps what the peer does not take, and finds out what is wrong
        self._left = transport.get_write_buffer_size()
        self.busy = self._left > 0
        return self.busy

    def end(self, data: bytes) -> None:
        """Send the last events and end the body."""
        self._ending = asyncio.create_task(self._end(data))

    def abort(self) -> None:
        """Give up on the peer, and on what the kernel still holds for it."""
        connection = self._transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    async def close(self) -> None:
        """Wait for the end of the body, if it was to end."""
        if self._ending is not None:
            await self._ending

    async def _end(self, data: bytes) -> None:
        await self._send({"type": "http.response.body", "body": data, "more_body": False})


@lru_cache(maxsize=1)
def _chunk(data: bytes) -> bytes:
    """Events as a chunk of the chunked coding: the next stream is often told the same."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def transport_of(scope: Scope) -> asyncio.WriteTransport | None:
    """The connection of a request, if its server offers it and speaks HTTP/1.1 on it, unencrypted."""
    connection = _connection(scope)
    if connection is None or scope["http_version"] != "1.1":
        return None
    transport = connection["transport"]
    return None if transport.get_extra_info("sslcontext") else transport


def vanished(scope: Scope) -> bool:
    """Whether the connection of a request was lost because the peer answered no more."""
    connection = _connection(scope)
    return connection is not None and connection["vanished"]


def _connection(scope: Scope) -> Connection | None:
    connection: Connection | None = scope.get("extensions", {}).get(EXTENSION)
    return connection
