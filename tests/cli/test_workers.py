"""`sse-presence serve --workers N`: one port, one store, streams spread evenly, and no process left over."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path

import httpx

from tests.conftest import Events, Serve
from tests.stores.machines import until


def children(pid: int) -> list[int]:
    """The processes that a process started."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def workers(pid: int) -> list[int]:
    return [child for child in children(pid) if "serve" in Path(f"/proc/{child}/cmdline").read_text()]


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return " Z " not in state


async def test_a_change_taken_by_one_reaches_the_streams_of_all(serve: Serve, events: Events) -> None:
    service = serve("--port", "0", "--workers", "3", redis_url=None)
    async with AsyncExitStack() as stack:
        streams = [await stack.enter_async_context(events(service.url, "alice")) for _ in range(12)]
        for stream in streams:
            await stream.next("snapshot")
        async with httpx.AsyncClient(trust_env=False) as client:
            await client.post(f"{service.url}/v1/heartbeat?as=alice", json={"device": "d"})
        for stream in streams:
            assert (await stream.record("alice"))["status"] == "online"
    assert service.stop() == 0


async def test_two_thousand_streams_spread_evenly(serve: Serve) -> None:
    service = serve("--port", "0", "--workers", "4", redis_url=None)
    port = int(service.url.rpartition(":")[2])
    connections = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2_000)]
    for _, writer in connections:
        writer.write(b"GET /v1/events?as=watcher-%d HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" % id(writer))
    for reader, _ in connections:
        assert b"200" in await reader.readline()
    held: Counter[int] = Counter()
    inodes = {
        line.split()[9]: worker
        for worker in workers(service.process.pid)
        for line in Path(f"/proc/{worker}/net/tcp").read_text().splitlines()[1:]
        if int(line.split()[1].rpartition(":")[2], 16) == port
    }
    for worker in workers(service.process.pid):
        for link in Path(f"/proc/{worker}/fd").iterdir():
            target = str(link.readlink())
            if (found := re.match(r"socket:\[(\d+)\]", target)) and found[1] in inodes:
                held[worker] += 1
    for _, writer in connections:
        writer.close()
    assert len(held) == 4
    assert max(held.values()) <= 1.3 * sum(held.values()) / 4, held


async def test_a_worker_that_dies_is_replaced(serve: Serve) -> None:
    service = serve("--port", "0", "--workers", "2", redis_url=None)
    first = workers(service.process.pid)
    os.kill(first[0], signal.SIGKILL)

    async def replaced() -> bool:
        now = workers(service.process.pid)
        return len(now) == 2 and first[0] not in now

    await until(replaced, "the worker is replaced")


async def test_no_worker_outlives_a_killed_supervisor(serve: Serve) -> None:
    service = serve("--port", "0", "--workers", "2", redis_url=None, drain=0)
    held = children(service.process.pid)
    assert len(held) == 3
    service.kill()

    async def gone() -> bool:
        return not any(alive(pid) for pid in held)

    await until(gone, "all its processes are gone")
