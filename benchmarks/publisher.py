"""One connection that makes one change after another, each in a single write."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from benchmarks.dialects import DIALECTS
from benchmarks.subject import Subject


class Publisher:
    """Makes changes."""

    def __init__(self, subject: Subject, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._speak = DIALECTS[subject.dialect]
        self._reader = reader
        self._writer = writer

    async def change(self, user: int) -> None:
        """Change a user, and wait for the answer, which has to be good."""
        self._writer.write(self._speak.change(user, time.monotonic_ns()).encode())
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        body = await self._reader.readexactly(int(length[1]) if length else 0)
        if not re.match(rb"HTTP/1\.1 20", head):
            raise RuntimeError(f"A change was refused: {head + body!r}")


@asynccontextmanager
async def publisher(subject: Subject) -> AsyncIterator[Publisher]:
    """Connect for the length of the block."""
    reader, writer = await asyncio.open_connection("127.0.0.1", subject.port)
    try:
        yield Publisher(subject, reader, writer)
    finally:
        writer.close()
