"""A stream as the bytes of its connection: what a parser forgives or hides shows here."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx

from tests.stream import CEILING


class Raw:
    """What came on one connection so far, with the moment of each piece."""

    def __init__(self) -> None:
        self.asked = time.monotonic()
        self.pieces: list[tuple[float, bytes]] = []
        self.ended = False
        """Whether the peer closed the connection without a reset."""

    async def read(self, reader: asyncio.StreamReader) -> None:
        """Take what comes until the peer ends it; owned by `open_raw`."""
        while piece := await reader.read(65_536):
            self.pieces.append((time.monotonic(), piece))
        self.ended = True

    @property
    def received(self) -> bytes:
        """Status line, headers and chunks."""
        return b"".join(piece for _, piece in self.pieces)

    @property
    def body(self) -> bytes:
        """The chunks, joined."""
        _, _, rest = self.received.partition(b"\r\n\r\n")
        body = b""
        while b"\r\n" in rest:
            size, _, rest = rest.partition(b"\r\n")
            body += rest[: int(size, 16)]
            rest = rest[int(size, 16) + 2 :]
        return body

    @property
    def frames(self) -> list[list[bytes]]:
        """The lines of each whole event."""
        return [frame.split(b"\n") for frame in self.body.split(b"\n\n")[:-1]]

    def fields(self, name: bytes) -> list[bytes]:
        """All values of a field, `event` or `id`, as they were sent."""
        start = name + b": "
        return [line.removeprefix(start) for frame in self.frames for line in frame if line.startswith(start)]

    def at(self, text: bytes) -> float:
        """The moment when this text had come."""
        received = b""
        for moment, piece in self.pieces:
            received += piece
            if text in received:
                return moment
        raise AssertionError(f"No {text!r} in {received!r}")

    async def until(self, text: bytes, seconds: float = CEILING) -> float:
        """Wait for this text, and return when it had come."""
        try:
            async with asyncio.timeout(seconds):
                while text not in self.received:  # noqa: ASYNC110 - reading sets no event
                    await asyncio.sleep(0.005)
        except TimeoutError:
            raise AssertionError(f"No {text!r} in {seconds} s: {self.received!r}") from None
        return self.at(text)


@asynccontextmanager
async def open_raw(
    url: str, *, me: str = "watcher", **query: Any
) -> AsyncIterator[tuple[Raw, asyncio.Task[None]]]:
    """Ask for `/v1/events`; the raw stream, and the task that ends when the peer ends it."""
    target = f"/v1/events?{httpx.QueryParams({'as': me} | query)}"
    address = urlsplit(url)
    raw = Raw()
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(f"GET {target} HTTP/1.1\r\nHost: {address.netloc}\r\n\r\n".encode())
    reading = asyncio.create_task(raw.read(reader))
    try:
        yield raw, reading
    finally:
        reading.cancel()
        await asyncio.wait([reading])
        writer.close()
