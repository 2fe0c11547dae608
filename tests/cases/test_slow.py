"""Readers that take nothing while much happens: they cost little, delay nobody, are closed and counted."""

from __future__ import annotations

import asyncio
import socket
import time
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sse_presence.domain.signal import Heartbeat, Override
from sse_presence.settings import Settings
from sse_presence.store.client import Client
from sse_presence.store.store import Store
from tests.cases.caller import LATE
from tests.conftest import Events, Serve
from tests.running import meanwhile
from tests.stores.machines import until
from tests.stream import Stream
from tests.test_metrics import figures

READERS = 20
"""Of each kind."""
CROWD = [f"user-{number}" for number in range(100)]
RATE = 500
"""Changes a second."""
SECONDS = 10
WINDOW = 0.5
SEND_TIMEOUT = 2
ROOM = 16 * 2**20
"""Bytes by which the process may grow."""


async def churn(store: Store) -> None:
    """All of them change, again and again."""
    loop, begun, done = asyncio.get_running_loop(), time.monotonic(), 0
    while True:
        text = f"{done:.>90}"
        batch = [CROWD[(done + number) % len(CROWD)] for number in range(RATE // 10)]
        await asyncio.gather(*(store.status(user, Override(status="dnd", text=text)) for user in batch))
        done += len(batch)
        await asyncio.sleep(begun + done / RATE - loop.time())


def stalled(url: str, number: int) -> socket.socket:
    """A reader that asks for everything and takes nothing."""
    parts = urlsplit(url)
    reader = socket.socket()
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    reader.connect((parts.hostname, parts.port))
    query = "&".join(f"user={user}" for user in CROWD)
    reader.sendall(
        f"GET /v1/events?as=stalled-{number}&{query} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode()
    )
    return reader


def memory(pid: int) -> int:
    """Bytes that a process holds."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4_096


async def arrival(stream: Stream, text: str) -> float:
    """The moment when the probe's text was shown."""
    while (await stream.record("probe")).get("text") != text:
        pass
    return stream.received[-1].at


@pytest.fixture
async def store(redis_url: str) -> Store:
    """The store, as another process would use it; everybody is online."""
    store = Store(Client(redis_url), Settings())
    await asyncio.gather(
        *(store.heartbeat(user, Heartbeat(device="d", interval=60_000)) for user in [*CROWD, "probe"])
    )
    return store


async def test_c32_twenty_that_take_nothing_and_twenty_that_read(
    store: Store, serve: Serve, events: Events
) -> None:
    service = serve(send_timeout=SEND_TIMEOUT, presence_window=WINDOW)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(store.close)
        streams = [
            await stack.enter_async_context(events(service.url, *CROWD, "probe", me=f"reader-{number}"))
            for number in range(READERS)
        ]
        for number in range(READERS):
            stack.callback(stalled(service.url, number).close)
        for stream in streams:
            await stream.next("snapshot")

        async def all_are_open() -> bool:
            return (await figures(service.url))("streams") == 2 * READERS

        await until(all_are_open, "all streams are open")
        await stack.enter_async_context(meanwhile(churn(store)))
        begun, held, probes = time.monotonic(), 0, 0
        while time.monotonic() < begun + SECONDS:
            probes += 1
            sent = time.monotonic()
            await store.status("probe", Override(status="dnd", text=f"probe {probes}"))
            arrived = [await arrival(stream, f"probe {probes}") for stream in streams]
            assert max(arrived) - sent < WINDOW + LATE
            held = held or memory(service.process.pid)
        assert memory(service.process.pid) - held < ROOM

        async def the_stalled_are_closed() -> bool:
            told = await figures(service.url)
            return told("streams") == READERS == told("streams_ended_total", reason="slow")

        await until(the_stalled_are_closed, "the stalled are closed and counted")
        for stream in streams:
            assert {event.name for event in stream.received} <= {"hello", "snapshot", "presence", "ping"}
