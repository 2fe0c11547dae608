"""Connections end when they should, whatever waits behind a request, and offers on them do no harm."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.server import ServerState

from sse_presence.cli.protocol import StreamProtocol

POST = b"POST / HTTP/1.1\r\nHost: here\r\n%bContent-Length: %d\r\n\r\n%b"
OFFER = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"
GET = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"


@asynccontextmanager
async def connected(app: ASGIApp) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection to a server of this protocol."""
    config = uvicorn.Config(app, log_config=None, timeout_keep_alive=1)
    config.load()

    def protocol() -> StreamProtocol:
        return StreamProtocol(config, ServerState(), {})

    async with await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0) as server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        async with asyncio.timeout(20):
            yield reader, writer
        writer.close()


async def echo(_: Scope, receive: Receive, send: Send) -> None:
    """Answer with the body."""
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]}
    )
    await send({"type": "http.response.body", "body": body})


async def test_a_connection_that_asks_for_nothing_is_closed() -> None:
    async with connected(echo) as (reader, _):
        assert await reader.read() == b""


@pytest.mark.parametrize("behind", [0, 1, 3])
async def test_a_stream_ends_with_its_connection_whatever_waits_behind_it(behind: int) -> None:
    ended = asyncio.Event()

    async def stream(_: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while (await receive())["type"] != "http.disconnect":
            pass
        ended.set()

    async with connected(stream) as (reader, writer):
        writer.write(GET * (1 + behind))
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()
        await ended.wait()


@pytest.mark.parametrize(
    "pieces",
    [
        [POST % (OFFER, 4, b"body")],
        [POST % (OFFER.lower(), 4, b"body")],
        [(POST % (OFFER, 4, b""))[:-4], b"\r\n\r\n", b"bo", b"dy"],
        [b"POST / HTTP/1.1\r\nHost: here\r\n", OFFER, b"Content-Length: 4\r\n\r\nbody"],
        [GET + POST % (b"", 0, b""), POST % (OFFER, 4, b"body")],
        [
            b"POST / HTTP/1.1\r\nHost: here\r\n"
            + OFFER
            + b"Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n"
        ],
    ],
    ids=["whole", "lower", "body apart", "head in parts", "after others", "chunked"],
)
async def test_an_offer_of_another_protocol_takes_no_body_away(pieces: Sequence[bytes]) -> None:
    async with connected(echo) as (reader, writer):
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(0.05)
        writer.write(POST % (b"", 4, b"last"))
        answers = await reader.readuntil(b"last")
        assert answers.count(b"\r\n\r\nbody") == 1
        assert answers.endswith(b"\r\n\r\nlast")


async def test_bodies_stay_as_they_are() -> None:
    body = b"\r\nUpgrade: h2c\r\n\r\nUpgrade: h2c"
    async with connected(echo) as (reader, writer):
        writer.write(POST % (b"", 2 * len(body), body))
        await asyncio.sleep(0.05)
        writer.write(body)
        assert (await reader.readuntil(2 * body)).endswith(b"\r\n\r\n" + 2 * body)
