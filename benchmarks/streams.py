"""What an idle stream costs, and how soon a change in a quiet system arrives.

Run with `make bench`. The service runs in a process of its own on an embedded Valkey; 2,000 streams that
watch 50 users each are opened over loopback, all users are online, and nothing happens while memory is
read: once with users out of a pool of 1,000, as in an organisation, and once with 100,000 that no two streams
share. Then one user's status changes 50 times, at intervals longer than the window, and the time from the
change's answer, and from its request, to the bytes at a watcher is taken.

Memory is the growth of the server's PSS divided by the number of streams; sockets' buffers in the kernel
are not in it. Tasks are counted by the server itself.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from sse_presence.domain.signal import Heartbeat
from sse_presence.settings import Settings
from sse_presence.store.client import Client
from sse_presence.store.embedded import embedded
from sse_presence.store.store import Store

STREAMS = 2_000
WATCHED = 50
POOLS = (1_000, STREAMS * WATCHED)
"""Users in all: shared by many streams, and not shared at all."""
CHANGES = 50
PAUSE = 1.2
"""Seconds between changes: more than the window of one second, so that each is a first one."""

TARGETS = {"KiB per idle stream": 30.0, "tasks per idle stream": 1.0, "ms to a watcher, p99": 50.0}


class Server:
    """The service in a process of its own, which tells its figures when asked by a line."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self._process = process
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    async def figures(self) -> tuple[float, int]:
        """PSS in KiB, and asyncio tasks."""
        answer = await self._ask("figures")
        rollup = Path(f"/proc/{self._process.pid}/smaps_rollup").read_text("ascii")  # noqa: ASYNC240 - /proc does not block
        pss = next(line for line in rollup.splitlines() if line.startswith("Pss:"))
        return float(pss.split()[1]), int(answer["tasks"])

    async def stall(self) -> float:
        """The longest time in which its loop did one thing only since it was last asked, in milliseconds."""
        return float((await self._ask("stall"))["stall_ms"])

    async def _ask(self, line: str) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(line.encode() + b"\n")
        answer: dict[str, Any] = json.loads(await self._process.stdout.readline())
        return answer


@asynccontextmanager
async def served(redis_url: str) -> AsyncIterator[Server]:
    """Run the service for the length of the block."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, Path(__file__).with_name("serving.py"), redis_url),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        yield Server(process, int(await process.stdout.readline()))
    finally:
        process.terminate()
        await process.wait()


async def opened(port: int, number: int, pool: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A stream that has had its snapshot."""
    users = "&".join(f"user=user-{(number * WATCHED + each) % pool}" for each in range(WATCHED))
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET /v1/events?as=watcher-{number}&{users} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    await reader.readuntil(b"event: snapshot")
    await reader.readuntil(b"\n\n")
    return reader, writer


async def beaten(redis_url: str, pool: int) -> None:
    """Everyone is online."""
    store = Store(Client(redis_url), Settings())
    beat = Heartbeat(device="d", interval=60_000)
    for start in range(0, pool, 1_000):
        await asyncio.gather(
            *(store.heartbeat(f"user-{number}", beat) for number in range(start, start + 1_000))
        )
    await store.close()


async def latencies(client: httpx.AsyncClient, url: str, reader: asyncio.StreamReader) -> list[float]:
    """Milliseconds from a change's request to the bytes at a watcher."""
    taken = []
    for number in range(CHANGES):
        text = f"change {number}"
        arrived = asyncio.create_task(reader.readuntil(text.encode()))
        await asyncio.sleep(PAUSE)
        asked = time.perf_counter()
        await client.post(f"{url}/v1/status?as=user-0", json={"status": "dnd", "text": text})
        await arrived
        taken.append((time.perf_counter() - asked) * 1000)
    return taken


async def measured(pool: int) -> dict[str, float]:
    """All figures, with this many users."""
    limits = httpx.Limits(max_connections=50)
    with embedded() as redis_url:
        async with served(redis_url) as server, httpx.AsyncClient(limits=limits, trust_env=False) as client:
            await beaten(redis_url, pool)
            first = await opened(server.port, 0, pool)
            await asyncio.sleep(2)
            memory, tasks = await server.figures()
            streams = [await opened(server.port, number, pool) for number in range(1, STREAMS)]
            await asyncio.sleep(5)
            more_memory, more_tasks = await server.figures()
            taken = sorted(await latencies(client, server.url, first[0]))
            for _, writer in (first, *streams):
                writer.close()
    return {
        "KiB per idle stream": (more_memory - memory) / len(streams),
        "tasks per idle stream": (more_tasks - tasks) / len(streams),
        "ms to a watcher, p50": statistics.median(taken),
        "ms to a watcher, p99": taken[round(len(taken) * 0.99) - 1],
    }


async def main() -> None:
    """Measure, and print one table."""
    columns = [await measured(pool) for pool in POOLS]
    print(f"{STREAMS} streams of {WATCHED} users, {CHANGES} changes\n")
    print(f"  {'':<24}" + "".join(f"{f'{pool} users':>16}" for pool in POOLS) + f"{'at most':>12}")
    for name in columns[0]:
        values = "".join(f"{column[name]:>16.2f}" for column in columns)
        print(f"  {name:<24}{values}" + (f"{TARGETS[name]:>12g}" if name in TARGETS else ""))


if __name__ == "__main__":
    asyncio.run(main())
