"""Where one request ends and the next begins: no byte of a body is ever taken for a request."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from starlette.types import Receive, Scope, Send

from tests.cli.wire import GET, OFFER, POST, Paused, connected, echo

CHUNKED = b"POST / HTTP/1.1\r\nHost: here\r\n%bTransfer-Encoding: chunked\r\n\r\n"
CONNECT = b"CONNECT here:80 HTTP/1.1\r\nHost: here\r\n\r\n"


async def refuse(_: Scope, __: Receive, send: Send) -> None:
    """Answer without having read the body."""
    await send({"type": "http.response.start", "status": 401, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"no"})


@pytest.mark.parametrize(
    "pieces",
    [
        [POST % (OFFER, 4, b"body")],
        [POST % (OFFER.lower(), 4, b"body")],
        [(POST % (OFFER, 4, b""))[:-4], b"\r\n\r\n", b"bo", b"dy"],
        [b"POST / HTTP/1.1\r\nHost: here\r\n", OFFER, b"Content-Length: 4\r\n\r\nbody"],
        [GET + POST % (b"", 0, b""), POST % (OFFER, 4, b"body")],
        [POST % (OFFER.upper(), 4, b"body")],
        [POST % (OFFER.replace(b"Upgrade:", b"uPgRaDe:"), 4, b"body")],
        [b"POST / HTTP/1.1\r\nHost: here\r\n" + OFFER[:40], OFFER[40:] + b"Content-Length: 4\r\n\r\nbody"],
        [GET + POST % (OFFER, 4, b"body")],
        [POST % (OFFER, 0, b"") + POST % (OFFER, 4, b"body") + POST % (OFFER, 0, b"")],
        [CHUNKED % OFFER + b"4\r\nbody\r\n0\r\n\r\n"],
    ],
    ids=[
        *("whole", "lower", "body apart", "head in parts", "after others"),
        *("upper", "mixed", "name in parts", "second", "several", "chunked"),
    ],
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


async def test_an_offer_after_a_refusal_takes_no_body_away() -> None:
    """The body of the first comes when it was answered long ago, that of the second is a request."""
    async with connected(refuse) as (reader, writer):
        writer.write(POST % (b"", 20_000, b"x" * 10_000))
        await reader.readuntil(b"no")
        writer.write(b"x" * 10_000)
        await asyncio.sleep(0.05)
        writer.write(POST % (OFFER, len(GET), b""))
        await asyncio.sleep(0.05)
        writer.write(GET)
        answers = await reader.read()
        assert answers.count(b"HTTP/1.1 ") == 1


async def test_behind_a_connect_nothing_is_heard() -> None:
    async with connected(echo, keep_alive=600) as (reader, writer):
        writer.write(CONNECT + GET)
        assert (await reader.read()).count(b"HTTP/1.1 ") == 1


GARBAGE = b"\x00\x01\x02\r\n\r\n"


@pytest.mark.parametrize(
    ("sent", "answers"),
    [
        (GARBAGE, [400]),
        (POST % (b"", 4, b"body") + GARBAGE, [200]),
        (2 * GET + GARBAGE, [200, 200]),
        (CHUNKED % b"" + b"4\r\nbody\r\nno size\r\n", [400]),
        (GET + CHUNKED % b"" + b"4\r\nbody\r\nno size\r\n", [200]),
        (POST % (b"Transfer-Encoding: chunked\r\n", 4, b"body"), [400]),
    ],
    ids=["alone", "behind one", "behind two", "within a body", "within the second's body", "two lengths"],
)
async def test_what_cannot_be_read_takes_no_answer_away(sent: bytes, answers: list[int]) -> None:
    async with connected(echo, keep_alive=600) as (reader, writer):
        writer.write(sent)
        received = await reader.read()
        lines = [line for line in received.split(b"\r\n") if line.startswith(b"HTTP/1.1")]
        assert [int(line.split()[1]) for line in lines] == answers
        assert (b'"code":"malformed"' in received) == (400 in answers)


async def test_garbage_does_no_harm_to_a_stream() -> None:
    stream = Paused()
    async with connected(stream, keep_alive=600) as (reader, writer):
        writer.write(GET)
        await reader.readuntil(b"first")
        writer.write(GARBAGE + GET)
        await asyncio.sleep(0.1)
        stream.go_on.set()
        assert await reader.read() == b"\r\n4\r\nlast\r\n0\r\n\r\n"


async def test_what_comes_behind_a_body_is_no_header() -> None:
    named: list[bytes] = []

    async def listing(scope: Scope, receive: Receive, send: Send) -> None:
        await echo(scope, receive, send)
        named.extend(name for name, _ in scope["headers"])

    async with connected(listing) as (reader, writer):
        writer.write(CHUNKED % b"" + b"4\r\nbody\r\n0\r\nX-Presence-User: mallory\r\n\r\n")
        await reader.readuntil(b"body")
        assert named == [b"host", b"transfer-encoding"]


async def test_blanks_at_the_end_are_no_part_of_a_header() -> None:
    values: list[bytes] = []

    async def listing(scope: Scope, receive: Receive, send: Send) -> None:
        values.extend(value for _, value in scope["headers"])
        await echo(scope, receive, send)

    async with connected(listing) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nHost:  here \t \r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        assert values == [b"here"]
