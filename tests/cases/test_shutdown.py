"""Stopping and restarting: streams end as promised, and nobody who is there is shown leaving.

A stop by either signal, and what it does to attached devices, is in `tests/live/test_drain.py`.
"""

from __future__ import annotations

import asyncio
import json
import re
import signal
import socket
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.cases.caller import LATE, SHORT
from tests.cases.raw import Raw, open_raw
from tests.conftest import Events, Serve
from tests.running import CEILING, Service, meanwhile
from tests.stream import Event

STREAMS = 200
DRAIN = 2


async def test_c33_two_hundred_streams_and_sigterm(serve: Serve) -> None:
    """Each is told why and when to come back, and ends with the last chunk and without a reset."""
    node = serve(drain=DRAIN)
    async with AsyncExitStack() as stack:
        streams: list[tuple[Raw, asyncio.Task[None]]] = [
            await stack.enter_async_context(open_raw(node.url, me=f"user-{number}", user="alice"))
            for number in range(STREAMS)
        ]
        for raw, _ in streams:
            await raw.until(b"event: snapshot")
        begin = time.monotonic()
        node.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(DRAIN + CEILING):
            await asyncio.gather(*(reading for _, reading in streams))
        assert time.monotonic() - begin < DRAIN + LATE
        code = await asyncio.to_thread(node.process.wait, CEILING)
        assert time.monotonic() - begin < DRAIN + 2 * LATE
    assert code in {0, -signal.SIGTERM}
    retries = set()
    for raw, _ in streams:
        assert raw.ended
        assert raw.received.endswith(b"\n\n\r\n0\r\n\r\n"), raw.received
        assert raw.fields(b"event").count(b"bye") == 1
        *_, last = raw.frames
        told = json.loads(last[-1].removeprefix(b"data: "))
        assert last[:2] == [b"retry: %d" % told["retry_ms"], b"event: bye"]
        assert told["reason"] == "shutdown"
        retries.add(told["retry_ms"])
    assert len(retries) > STREAMS / 10, "spread, so that they do not come back together"
    for word in ("Traceback", "ERROR", "WARNING"):
        assert word not in node.log


async def test_whoever_takes_no_answers_holds_up_no_stop(serve: Serve) -> None:
    """It is cut in the end, and nothing is said of it."""
    node = serve(drain=0.1, query_rate="off")
    address = urlsplit(node.url)
    query = "&".join(f"user={number}" for number in range(900))
    request = f"GET /v1/presence?as=bob&{query} HTTP/1.1\r\nHost: {address.netloc}\r\n\r\n".encode()
    with socket.create_connection((str(address.hostname), address.port or 0)) as peer:
        peer.setblocking(False)  # noqa: FBT003
        stuck = 0
        while stuck < 20:  # until nothing has been taken for a second
            with suppress(BlockingIOError):
                peer.send(request * 50)
                stuck = -1
            stuck += 1
            await asyncio.sleep(0.05)
        assert node.stop() in {0, -signal.SIGTERM}
    for word in ("Traceback", "ERROR", "WARNING"):
        assert word not in node.log


@pytest.mark.parametrize("streams", [False, True], ids=["beats", "beats-and-streams"])
async def test_c33_a_rolling_restart_changes_nobody(serve: Serve, events: Events, *, streams: bool) -> None:
    """Two processes, restarted in turn, twice: clients go to whichever answers, and stay who they were."""
    settings = SHORT | {"drain": 0.5}
    nodes = [serve(**settings) for _ in range(2)]
    urls = [node.url for node in nodes]
    users = [f"user-{number}" for number in range(6)]
    seen: list[list[Event]] = [[] for _ in urls]
    async with AsyncExitStack() as stack:
        for number, user in enumerate(users):
            await stack.enter_async_context(beating(urls[number % 2 :] + urls[: number % 2], user))
        if streams:
            for number, user in enumerate(users):
                mine = urls[number % 2 :] + urls[: number % 2]
                await stack.enter_async_context(watching(events, mine, [], user=user, device="laptop"))
        for number, came in enumerate(seen):
            mine = urls[number % 2 :] + urls[: number % 2]
            await stack.enter_async_context(watching(events, mine, came, *users))
        await asyncio.sleep(0.5)
        for number in (0, 1, 0, 1):
            code = await asyncio.to_thread(nodes[number].stop)
            assert code in {0, -signal.SIGTERM}
            nodes[number] = await asyncio.to_thread(restart, serve, nodes[number], settings)
            await asyncio.sleep(0.7)
    for came in seen:
        hellos = [event.data["resumed"] for event in came if event.name == "hello"]
        assert len(hellos) >= 3, "each was cut by both processes"
        assert hellos == [False, *[True] * (len(hellos) - 1)]
        for user in users:
            records = [
                record
                for event in came
                if event.name in {"snapshot", "presence"}
                for record in event.data["users"]
                if record["user"] == user
            ]
            assert {(record["status"], record["version"]) for record in records} == {("online", 1)}, user


def restart(serve: Serve, node: Service, settings: dict[str, Any]) -> Service:
    """The same process again, on the port where its clients know it."""
    (port,) = re.findall(r":(\d+)$", node.url)
    return serve("--port", port, **settings)


@asynccontextmanager
async def beating(urls: list[str], user: str) -> AsyncIterator[None]:
    """Heartbeats to the first of these that answers, as from behind a balancer; the first beat at once."""

    async def beat(client: httpx.AsyncClient) -> None:
        for url in urls:
            with suppress(httpx.TransportError):
                answer = await client.post(
                    f"{url}/v1/heartbeat", params={"as": user}, json={"device": "laptop"}
                )
                if answer.status_code == httpx.codes.OK:
                    return
        raise AssertionError("no process took the heartbeat")

    async def go_on(client: httpx.AsyncClient) -> None:
        while True:
            await asyncio.sleep(0.4)
            await beat(client)

    async with httpx.AsyncClient(timeout=CEILING, trust_env=False) as client:
        await beat(client)
        async with meanwhile(go_on(client)):
            yield


@asynccontextmanager
async def watching(
    events: Events,
    urls: list[str],
    came: list[Event],
    *users: str,
    user: str = "watcher",
    device: str | None = None,
) -> AsyncIterator[None]:
    """A stream that comes back with its last id wherever it is let in; `came` takes its events."""

    async def go_on() -> None:
        last: str | None = None
        while True:
            for url in urls:
                with suppress(httpx.TransportError):
                    async with events(url, *users, me=user, device=device, last=last) as stream:
                        try:
                            await stream.end(seconds=10 * CEILING)
                        finally:
                            came.extend(stream.received)
                            last = stream.last_id or last
            await asyncio.sleep(0.05)

    async with meanwhile(go_on()):
        yield
