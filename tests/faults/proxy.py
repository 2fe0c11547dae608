"""A TCP proxy between a node and the store, which can be slow, swallow everything for a while, or cut.

In the black hole nothing moves in either direction, not even the end of a connection; when it ends, what
was on its way arrives, as it does on a real network.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress
from random import Random

CHUNK = 65_536

_LINGER_NOT = struct.pack("ii", 1, 0)


class Proxy:
    """Listens on a port of its own and passes on to another one of this machine."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._open = asyncio.Event()
        self._open.set()
        self._sides = 0
        self._half = False
        self._delay = 0.0
        self._random = Random()
        self._refusing = False

    @property
    def port(self) -> int:
        """Where it listens."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)

    async def close(self) -> None:
        """End everything."""
        assert self._server is not None
        self._server.close()
        self._abort()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # Modes

    def lead_to(self, target: int) -> None:
        """Pass new connections on to another port: the same address, another server."""
        self._target = target

    def mend(self) -> None:
        """Pass everything on at once."""
        self._delay, self._refusing, self._half = 0.0, False, False
        self._open.set()

    def slow(self, seconds: float) -> None:
        """Pass everything on later, by up to so much, in both directions."""
        self._delay = seconds

    def swallow(self) -> None:
        """Pass nothing on, and say nothing of it."""
        self._open.clear()

    def swallow_half(self) -> None:
        """Likewise, but only on every other connection."""
        self._half = True
        self._open.clear()

    def cut(self) -> None:
        """Reset every connection, and each new one."""
        self._refusing = True
        self._abort()

    # Connections

    def _abort(self) -> None:
        for writer in tuple(self._writers):
            _reset(writer)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refusing:
            _reset(writer)
            return
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        try:
            self._sides += 1
            side = self._sides % 2
            with suppress(OSError, asyncio.CancelledError):  # by `close`: asyncio logs what is cancelled here
                await self._pass_allowed(side)
                await self._join(reader, writer, side)
        finally:
            writer.transport.abort()
            self._writers.discard(writer)
            self._tasks.discard(task)

    async def _pass_allowed(self, side: int) -> None:
        if not (self._half and side):
            await self._open.wait()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, side: int) -> None:
        out_reader, out_writer = await asyncio.open_connection("127.0.0.1", self._target)
        self._writers.add(out_writer)
        try:
            there = asyncio.create_task(self._pass(reader, out_writer, side))
            back = asyncio.create_task(self._pass(out_reader, writer, side))
            try:
                await asyncio.wait({there, back}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                there.cancel()
                back.cancel()
                await asyncio.wait({there, back})
        finally:
            out_writer.transport.abort()
            self._writers.discard(out_writer)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, side: int) -> None:
        with suppress(OSError):
            while data := await reader.read(CHUNK):
                if self._delay:  # another one each time, so that connections overtake each other
                    await asyncio.sleep(self._delay * self._random.uniform(0.3, 1))
                await self._pass_allowed(side)
                writer.write(data)
                await writer.drain()
            await self._pass_allowed(side)


def _reset(writer: asyncio.StreamWriter) -> None:
    """End a connection by RST, as a machine does that knows nothing of it."""
    connection = writer.get_extra_info("socket")
    if connection is not None and connection.fileno() >= 0:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
    writer.transport.abort()
