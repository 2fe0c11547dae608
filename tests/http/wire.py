"""HTTP as bytes: what no well-meaning client would send."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import urlsplit

import httpx


class Answer:
    """One answer; `data` is its JSON."""

    def __init__(self, head: bytes, body: bytes) -> None:
        line, _, fields = head.partition(b"\r\n")
        self.status = int(line.split()[1])
        pairs = [field.split(b":", 1) for field in fields.split(b"\r\n") if field]
        self.headers = httpx.Headers([(name.strip(), value.strip()) for name, value in pairs])
        self.body = body

    @property
    def data(self) -> Any:
        return json.loads(self.body)

    def __repr__(self) -> str:
        return f"{self.status} {self.body[:300]!r}"


class Wire:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def to(cls, url: str) -> Wire:
        parts = urlsplit(url)
        return cls(*await asyncio.open_connection(parts.hostname, parts.port))

    async def answer(self, *sent: bytes, head_only: bool = False) -> Answer:
        """Send a request and take its answer."""
        async with asyncio.timeout(20):
            for part in sent:
                self._writer.write(part)
            head = await self._reader.readuntil(b"\r\n\r\n")
            answer = Answer(head, b"")
            if not head_only:
                answer.body = await self._reader.readexactly(int(answer.headers.get("content-length", "0")))
            return answer

    def write(self, sent: bytes) -> None:
        """Send something, and wait for nothing."""
        self._writer.write(sent)

    async def ended(self) -> bool:
        """Wait for the server to close; whether it said nothing more before."""
        async with asyncio.timeout(20):
            said = await self._reader.read()
        await self.close()
        return said == b""

    async def close(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()


def request(method: str, target: bytes, body: bytes | None = None, /, **headers: str | bytes) -> bytes:
    """A request as alice; header names have `_` for `-`."""
    fields: dict[str, str | bytes] = {"host": "127.0.0.1", "x_presence_user": "alice"}
    if body is not None:
        fields |= {"content_type": "application/json", "content_length": str(len(body))}
    lines = [
        name.replace("_", "-").encode() + b": " + (value if isinstance(value, bytes) else value.encode())
        for name, value in (fields | headers).items()
        if value
    ]
    return b"\r\n".join([b"%b %b HTTP/1.1" % (method.encode(), target), *lines, b"", body or b""])


async def send(
    url: str, method: str, target: bytes, body: bytes | None = None, /, **headers: str | bytes
) -> Answer:
    """Send one request on a connection of its own."""
    wire = await Wire.to(url)
    try:
        return await wire.answer(request(method, target, body, **headers), head_only=method == "HEAD")
    finally:
        await wire.close()
