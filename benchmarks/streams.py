"""What an idle stream costs, and how soon a change in a quiet system arrives.

Run with `make bench`. The service runs in a process of its own on an embedded Valkey; 2,000 streams that
watch 50 users each are opened over loopback, all users are online, and nothing happens while memory is
read. Then one user's status changes 50 times, at intervals longer than the window, and the time from the
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

from sse_presence.store.embedded import embedded

STREAMS = 2_000
WATCHED = 50
USERS = 1_000
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
        rollup = Path(f"/proc/{self._process.pid}/smaps_rollup").read_text("ascii")  # noqa: ASYNC240
        pss = next(line for line in rollup.splitlines() if line.startswith("Pss:"))
        return float(pss.split()[1]), int(answer["tasks"])

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


async def opened(port: int, number: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A stream that has had its snapshot."""
    users = "&".join(f"user=user-{(number * WATCHED + each) % USERS}" for each in range(WATCHED))
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET /v1/events?as=watcher-{number}&{users} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    await reader.readuntil(b"event: snapshot")
    await reader.readuntil(b"\n\n")
    return reader, writer


async def beaten(client: httpx.AsyncClient, url: str) -> None:
    """Everyone is online."""
    for start in range(0, USERS, 100):
        await asyncio.gather(
            *(
                client.post(
                    f"{url}/v1/heartbeat?as=user-{number}", json={"device": "d", "interval_ms": 60_000}
                )
                for number in range(start, start + 100)
            )
        )


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


async def main() -> None:
    """Measure, and print one table."""
    limits = httpx.Limits(max_connections=50)
    with embedded() as redis_url:
        async with served(redis_url) as server, httpx.AsyncClient(limits=limits, trust_env=False) as client:
            await beaten(client, server.url)
            first = await opened(server.port, 0)
            await asyncio.sleep(2)
            memory, tasks = await server.figures()
            streams = [await opened(server.port, number) for number in range(1, STREAMS)]
            await asyncio.sleep(5)
            more_memory, more_tasks = await server.figures()
            taken = sorted(await latencies(client, server.url, first[0]))
            for _, writer in (first, *streams):
                writer.close()
    figures = {
        "KiB per idle stream": (more_memory - memory) / len(streams),
        "tasks per idle stream": (more_tasks - tasks) / len(streams),
        "ms to a watcher, p50": statistics.median(taken),
        "ms to a watcher, p99": taken[round(len(taken) * 0.99) - 1],
    }
    print(f"{STREAMS} streams of {WATCHED} users, {CHANGES} changes\n")
    for name, value in figures.items():
        target = TARGETS.get(name)
        print(f"  {name:<24}{value:>8.2f}" + (f"   at most {target:g}" if target else ""))


if __name__ == "__main__":
    asyncio.run(main())
