"""Signals that come whole are handed over past ASGI; all else, and whatever goes wrong, is as it was."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
from uvicorn.server import ServerState

from sse_presence.cli.direct import DirectProtocol
from sse_presence.http.cors import Sharing
from sse_presence.http.direct import Direct
from sse_presence.http.reply import Reply, reply
from sse_presence.service import Service
from tests.http.wire import Wire, request

KEEP_ALIVE = 60


class Place:
    """A server whose handler says how it was reached, and waits until it may."""

    def __init__(self) -> None:
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.entered = asyncio.Semaphore(0)
        self.done = 0
        self.connections: set[DirectProtocol] = set()
        self.url = ""

    async def direct(self, request: Request, _: Service) -> Reply:
        self.entered.release()
        await self.may_answer.wait()
        self.done += 1
        body = (await request.body()).decode()
        if body == "fail":
            raise ValueError(body)
        return reply({"way": "direct", "body": body, "query": request.url.query})

    async def asgi(self, request: Request) -> Reply:
        return reply({"way": "asgi", "body": (await request.body()).decode(), "query": request.url.query})


@asynccontextmanager
async def served(keep_alive: int = KEEP_ALIVE) -> AsyncIterator[Place]:
    place = Place()
    app = Starlette(routes=[Route("/signal", place.asgi, methods=["POST", "PUT"]), Route("/", _other)])
    app.state.presence = type("Presence", (), {"settings": type("Settings", (), {"origins": ()})})
    direct = Direct(app, {"/signal": place.direct}, (), Sharing(()))
    config = uvicorn.Config(app, log_config=None, access_log=False, timeout_keep_alive=keep_alive)
    config.load()
    state = ServerState()

    def protocol() -> DirectProtocol:
        made = DirectProtocol(direct, config, state, {})
        place.connections.add(made)
        return made

    async with await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0) as server:
        place.url = "http://{}:{}".format(*server.sockets[0].getsockname())
        yield place
        if state.tasks:
            await asyncio.wait(state.tasks, timeout=20)
        for connection in place.connections:
            connection.transport.close()


async def _other(_: Request) -> PlainTextResponse:
    return PlainTextResponse("other")


post = partial(request, "POST", b"/signal")


async def test_a_signal_that_comes_whole_is_handed_over() -> None:
    async with served() as place:
        wire = await Wire.to(place.url)
        for number in range(3):
            answer = await wire.answer(request("POST", b"/signal?a=1&b=%20", b"body-%d" % number))
            assert answer.status == 200
            assert answer.data == {"way": "direct", "body": f"body-{number}", "query": "a=1&b=%20"}
            assert answer.headers["content-type"] == "application/json"
        await wire.close()


@pytest.mark.parametrize(
    "sent",
    [
        request("PUT", b"/signal", b"x"),
        request("POST", b"/sign%61l", b"x"),
        request("POST", b"/signal#part", b"x"),
        post(b"x", connection="close"),
        post(b"x").replace(b"HTTP/1.1", b"HTTP/1.0"),
    ],
    ids=["another method", "an escaped path", "a fragment", "the last", "HTTP/1.0"],
)
async def test_what_is_unusual_goes_the_way_of_asgi(sent: bytes) -> None:
    async with served() as place:
        wire = await Wire.to(place.url)
        assert (await wire.answer(sent)).data["way"] == "asgi"
        await wire.close()


async def test_a_body_that_comes_in_parts_goes_the_way_of_asgi() -> None:
    """It may be long in coming, and the app may refuse it before."""
    async with served() as place:
        wire = await Wire.to(place.url)
        whole = post(b"a body")
        for at in (len(whole) - 3, len(whole) - 6, whole.index(b"content-length")):
            asked = asyncio.create_task(wire.answer(whole[:at]))
            await _read(place)
            rest = await _and_then(wire, whole[at:], asked)
            assert rest["body"] == "a body"
            assert rest["way"] == ("asgi" if at > whole.index(b"\r\n\r\n") else "direct")
        await wire.close()


async def _read(place: Place) -> None:
    """Wait until the server has read what was sent."""
    for _ in range(20):
        await asyncio.sleep(0.005)
    assert place.connections


async def _and_then(wire: Wire, rest: bytes, asked: asyncio.Task[Any]) -> Any:
    wire.write(rest)
    return (await asked).data


async def test_a_chunked_body_that_comes_whole_is_handed_over() -> None:
    async with served() as place:
        wire = await Wire.to(place.url)
        head = post(b"", content_length="", transfer_encoding="chunked")
        assert (await wire.answer(head, b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n")).data["body"] == "abc"
        await wire.close()


async def test_requests_that_are_sent_ahead_are_answered_in_turn() -> None:
    async with served() as place:
        place.may_answer.clear()
        wire = await Wire.to(place.url)
        first = asyncio.create_task(wire.answer(post(b"1") + post(b"2") + request("GET", b"/") + post(b"3")))
        await place.entered.acquire()
        place.may_answer.set()
        assert (await first).data["body"] == "1"
        assert (await wire.answer()).data["body"] == "2"
        assert (await wire.answer()).body == b"other"
        assert (await wire.answer()).data["body"] == "3"
        assert (await wire.answer(post(b"4"))).data == {"way": "direct", "body": "4", "query": ""}
        await wire.close()


async def test_nothing_is_kept_of_what_was_answered() -> None:
    """However often something is sent ahead behind a signal."""
    async with served() as place:
        wire = await Wire.to(place.url)
        requests = []
        for _ in range(20):
            answer = await wire.answer(post(b"x") + 2 * request("GET", b"/"))
            assert answer.data["way"] == "direct"
            requests += [(await wire.answer()).body for _ in range(2)]
        assert requests == 40 * [b"other"]
        gc.collect()
        assert sum(isinstance(kept, RequestResponseCycle) for kept in gc.get_objects()) < 10
        await wire.close()


async def test_one_who_goes_away_takes_nothing_with_it(caplog: pytest.LogCaptureFixture) -> None:
    async with served() as place:
        place.may_answer.clear()
        wire = await Wire.to(place.url)
        wire.write(post(b"x"))
        await place.entered.acquire()
        await wire.close()
        await _read(place)
        place.may_answer.set()
    assert place.done == 1
    assert not caplog.records


async def test_one_who_reads_no_answers_is_given_no_more_of_them() -> None:
    async with served() as place:
        wire = await Wire.to(place.url)
        await wire.answer(post(b"1"))
        (connection,) = place.connections
        connection.pause_writing()
        asked = asyncio.create_task(wire.answer(post(b"2")))
        await _read(place)
        assert place.done == 2
        assert not asked.done()
        connection.resume_writing()
        assert (await asked).data["body"] == "2"
        await wire.close()


async def test_one_who_goes_away_behind_others_takes_nothing_with_it() -> None:
    async with served() as place:
        place.may_answer.clear()
        wire = await Wire.to(place.url)
        wire.write(post(b"1") + request("GET", b"/"))
        await place.entered.acquire()
        await wire.close()
        await _read(place)
        place.may_answer.set()
    assert place.done == 1


async def test_no_task_outlives_its_connection() -> None:
    async with served() as place:
        before = asyncio.all_tasks()
        wires = [await Wire.to(place.url) for _ in range(3)]
        for wire in wires:
            await wire.answer(post(b"x"))
        left = asyncio.all_tasks() - before
        assert left
        for wire in wires:
            await wire.close()
        await asyncio.wait(left, timeout=20)
        assert all(task.done() for task in left)


async def test_what_a_connection_leaves_behind_needs_no_collector() -> None:
    gc.collect()
    gc.disable()
    try:
        async with served() as place:
            wires = [await Wire.to(place.url) for _ in range(3)]
            for wire in wires:
                await wire.answer(post(b"x"))
            tasks = len(asyncio.all_tasks())
            for wire in wires:
                await wire.close()
            async with asyncio.timeout(20):
                while len(asyncio.all_tasks()) > tasks - len(wires):  # noqa: ASYNC110 - they set no event
                    await asyncio.sleep(0.01)
            place.connections.clear()
        assert not [kept for kept in gc.get_objects() if isinstance(kept, DirectProtocol)]
    finally:
        gc.enable()


async def test_who_asks_whether_to_go_on_is_told() -> None:
    async with served() as place:
        wire = await Wire.to(place.url)
        asking = post(b"body", expect="100-continue")
        assert (await wire.answer(asking[:-4], head_only=True)).status == 100
        assert (await wire.answer(asking[-4:])).data == {"way": "asgi", "body": "body", "query": ""}
        assert (await wire.answer(asking)).data == {"way": "direct", "body": "body", "query": ""}
        await wire.close()


async def test_a_signal_is_answered_though_the_server_stops() -> None:
    async with served() as place:
        place.may_answer.clear()
        wire = await Wire.to(place.url)
        asked = asyncio.create_task(wire.answer(post(b"x")))
        await place.entered.acquire()
        for connection in place.connections:
            connection.shutdown()
        place.may_answer.set()
        answer = await asked
        assert answer.data["body"] == "x"
        assert answer.headers["connection"] == "close"
        assert await wire.ended()


async def test_a_connection_that_waits_is_closed_when_the_server_stops() -> None:
    async with served() as place:
        wire = await Wire.to(place.url)
        await wire.answer(post(b"x"))
        for connection in place.connections:
            connection.shutdown()
        assert await wire.ended()


async def test_a_connection_is_kept_no_longer_than_others() -> None:
    async with served(keep_alive=1) as place:
        wire = await Wire.to(place.url)
        await wire.answer(post(b"x"))
        assert await wire.ended()


async def test_what_is_not_http_is_refused() -> None:
    async with served() as place:
        for broken in (b"zz\r\n", b"1\r\nab\r\n0\r\n\r\n"):
            wire = await Wire.to(place.url)
            head = post(b"", content_length="", transfer_encoding="chunked")
            assert (await wire.answer(head + broken)).status == 400
            assert await wire.ended()
        assert place.done == 0


async def test_a_mistake_of_ours_is_logged_and_answered(caplog: pytest.LogCaptureFixture) -> None:
    async with served() as place:
        wire = await Wire.to(place.url)
        answer = await wire.answer(post(b"fail"))
        assert answer.status == 500
        assert answer.data["code"] == "internal-error"
        assert (await wire.answer(post(b"x"))).status == 200
        await wire.close()
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.exc_info
    caplog.clear()
