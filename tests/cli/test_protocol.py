"""Connections end when they should, whatever waits behind a request, and offers on them do no harm."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.server import ServerState

from sse_presence.cli.protocol import StreamProtocol

POST = b"POST / HTTP/1.1\r\nHost: here\r\n%bContent-Length: %d\r\n\r\n%b"
OFFER = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"
GET = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"


@asynccontextmanager
async def connected(
    app: ASGIApp, state: ServerState | None = None, keep_alive: int = 1
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection to a server of this protocol."""
    config = uvicorn.Config(app, log_config=None, timeout_keep_alive=keep_alive)
    config.load()
    shared = state or ServerState()

    def protocol() -> StreamProtocol:
        return StreamProtocol(config, shared, {})

    async with await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0) as server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        try:
            async with asyncio.timeout(20):
                yield reader, writer
        finally:
            writer.close()


async def echo(_: Scope, receive: Receive, send: Send) -> None:
    """Answer with the body."""
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body, more = body + message["body"], message["more_body"]
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]}
    )
    await send({"type": "http.response.body", "body": body})


async def test_a_connection_that_asks_for_nothing_is_closed() -> None:
    async with connected(echo) as (reader, _):
        assert await reader.read() == b""


@pytest.mark.parametrize("half", [GET[:-4], POST % (b"", 4, b"bo")], ids=["head", "body"])
@pytest.mark.parametrize("before", [0, 1], ids=["first", "second"])
async def test_a_request_that_does_not_come_whole_is_given_up(half: bytes, before: int) -> None:
    async with connected(echo) as (reader, writer):
        for _ in range(before):
            writer.write(GET)
            await reader.readuntil(b"\r\n\r\n")
        writer.write(half)
        assert await reader.read() == b""


async def test_a_request_may_come_in_parts() -> None:
    async with connected(echo) as (reader, writer):
        for piece in (POST[:20], POST[20:] % (b"", 4, b""), b"bo", b"dy"):
            writer.write(piece)
            await asyncio.sleep(0.4)  # in all longer than a connection may be idle
        assert (await reader.read()).endswith(b"\r\n\r\nbody")


@pytest.mark.parametrize("rest", [b"", b"dy"])
async def test_a_stop_waits_for_half_a_request_just_a_moment(rest: bytes) -> None:
    state = ServerState()
    async with connected(echo, state, keep_alive=600) as (reader, writer):
        writer.write(POST % (b"", 4, b"bo"))
        await asyncio.sleep(0.2)
        for connection in state.connections:
            connection.shutdown()
        writer.write(rest)
        answer = await reader.read()
        assert answer.endswith(b"\r\n\r\nbody") if rest else answer == b""


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


ENDLESS: dict[str, tuple[bytes, bytes]] = {
    "target": (b"GET /", b"x" * 65_536),
    "header": (GET[:-2] + b"X-Long: ", b"x" * 65_536),
    "headers": (GET[:-2], b"X-Short: x\r\n" * 5_000),
    "head of the second": (GET + GET[:-2], b"X-Short: x\r\n" * 5_000),
    "trailers": (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X-Short: x\r\n" * 5_000),
}


@pytest.mark.parametrize("kind", ENDLESS)
async def test_a_request_that_does_not_end_is_refused(kind: str) -> None:
    begin, more = ENDLESS[kind]
    async with connected(echo, keep_alive=600) as (reader, writer):
        writer.write(begin)
        for _ in range(20):
            writer.write(more)
        with suppress(ConnectionError):
            assert b"HTTP/1.1 400 " in await reader.read()
        assert reader.at_eof() or reader.exception()


async def test_much_may_come_before_half_a_head() -> None:
    async with connected(echo) as (reader, writer):
        writer.write(GET * 9_000 + POST[:20])
        for _ in range(9_000):
            assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
        writer.write(POST[20:] % (b"", 4, b"last"))
        assert b" 200 " in await reader.readuntil(b"last")


async def test_requests_are_read_no_faster_than_they_are_answered() -> None:
    state, answered = ServerState(), 0

    async def count(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal answered
        await echo(scope, receive, send)
        answered += 1

    large = GET[:-2] + b"X-Padding: %b\r\n\r\n" % (b"x" * 1_000)
    async with connected(count, state) as (reader, writer):
        writer.write(8_000 * large)
        while answered < 100:  # noqa: ASYNC110 - nobody sets an event of ours
            await asyncio.sleep(0)
        (connection,) = state.connections
        assert isinstance(connection, StreamProtocol)
        assert len(connection.pipeline) < 2_000
        while answered < 8_000:
            await reader.readuntil(b"\r\n\r\n")


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
