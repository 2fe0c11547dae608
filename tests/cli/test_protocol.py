"""Connections end when they should, whatever waits behind a request, and hold no more than they should."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from sse_presence.cli.protocol import StreamProtocol
from tests.cli.wire import GET, POST, Paused, connected, echo


async def test_a_connection_that_asks_for_nothing_is_closed() -> None:
    async with connected(echo) as (reader, _):
        assert await reader.read() == b""


async def test_a_connection_that_goes_on_asking_is_kept() -> None:
    async with connected(echo) as (reader, writer):
        for number in range(5):
            writer.write(POST % (b"", 1, b"%d" % number))
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
            assert await reader.readexactly(1) == b"%d" % number
            await asyncio.sleep(0.4)  # in all longer than it may be idle
        assert await reader.read() == b""


async def test_what_takes_long_to_answer_is_waited_for() -> None:
    stream = Paused()
    async with connected(stream) as (reader, writer):
        writer.write(GET)
        await reader.readuntil(b"first\r\n")
        await asyncio.sleep(1.5)
        stream.go_on.set()
        assert (await reader.readuntil(b"0\r\n\r\n")).endswith(b"last\r\n0\r\n\r\n")


@pytest.mark.parametrize("half", [GET[:-4], POST % (b"", 4, b"bo")], ids=["head", "body"])
@pytest.mark.parametrize("before", [0, 1], ids=["first", "second"])
async def test_a_request_that_does_not_come_whole_is_given_up(half: bytes, before: int) -> None:
    async with connected(echo) as (reader, writer):
        for _ in range(before):
            writer.write(GET)
            await reader.readuntil(b"\r\n\r\n")
        writer.write(half)
        assert await reader.read() == b""


HALF = POST % (b"", 4, b"bo")


async def test_a_request_that_does_not_come_whole_is_given_up_behind_another() -> None:
    async with connected(echo) as (reader, writer):
        writer.write(GET + HALF)
        assert (await reader.read()).count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize("stops", [False, True])
async def test_what_takes_long_is_waited_for_though_the_next_does_not_come_whole(*, stops: bool) -> None:
    stream, state = Paused(), ServerState()
    async with connected(stream, state) as (reader, writer):
        writer.write(GET + HALF)
        await reader.readuntil(b"first\r\n")
        if stops:
            for connection in state.connections:
                connection.shutdown()
        await asyncio.sleep(1.5)
        stream.go_on.set()
        assert (await reader.readuntil(b"0\r\n\r\n")).endswith(b"last\r\n0\r\n\r\n")


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


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("behind", [0, 1, 3])
async def test_a_stream_ends_with_its_connection_whatever_waits_behind_it(
    behind: int, *, apart: bool
) -> None:
    ended = asyncio.Event()

    async def stream(_: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while (await receive())["type"] != "http.disconnect":
            pass
        ended.set()

    async with connected(stream) as (reader, writer):
        writer.write(GET if apart else GET * (1 + behind))
        await reader.readuntil(b"\r\n\r\n")
        if apart:
            writer.write(GET * behind)
            await asyncio.sleep(0.1)
            writer.close()
        else:
            writer.transport.abort()
        await ended.wait()


ENDLESS: dict[str, tuple[bytes, bytes]] = {
    "target": (b"GET /", b"x" * 65_536),
    "header": (GET[:-2] + b"X-Long: ", b"x" * 65_536),
    "headers": (GET[:-2], b"X-Short: x\r\n" * 5_000),
    "head of the second": (GET + GET[:-2], b"X-Short: x\r\n" * 5_000),
    "trailers": (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X-Short: x\r\n" * 5_000),
    "trailer": (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ", b"x" * 65_536),
    "trailer's name": (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX", b"x" * 65_536),
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


async def test_a_head_without_end_behind_a_stream_is_not_kept() -> None:
    stream = Paused()
    state = ServerState()
    async with connected(stream, state, keep_alive=600) as (reader, writer):
        writer.write(GET)
        await reader.readuntil(b"first")
        writer.write(GET[:-2] + b"X-Short: x\r\n" * 100_000)
        await writer.drain()
        await asyncio.sleep(0.2)
        (connection,) = state.connections
        assert isinstance(connection, StreamProtocol)
        assert len(connection.headers) < 50_000
        stream.go_on.set()
        assert (await reader.read()).endswith(b"last\r\n0\r\n\r\n")


async def test_much_may_come_before_half_a_head() -> None:
    async with connected(echo) as (reader, writer):
        writer.write(GET * 9_000 + POST[:20])
        for _ in range(9_000):
            assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
        writer.write(POST[20:] % (b"", 4, b"last"))
        assert b" 200 " in await reader.readuntil(b"last")


@pytest.mark.parametrize("padding", [0, 1_000])
async def test_requests_are_read_no_faster_than_they_are_answered(padding: int) -> None:
    state, answered = ServerState(), 0

    async def count(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal answered
        await echo(scope, receive, send)
        answered += 1

    one = GET[:-2] + b"X-Padding: %b\r\n\r\n" % (b"x" * padding)
    async with connected(count, state) as (reader, writer):
        writer.write(8_000 * one)
        while answered < 100:  # noqa: ASYNC110 - nobody sets an event of ours
            await asyncio.sleep(0)
        (connection,) = state.connections
        assert isinstance(connection, StreamProtocol)
        assert len(connection.pipeline) < 200
        while answered < 8_000:
            await reader.readuntil(b"\r\n\r\n")
