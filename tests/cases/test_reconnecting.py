"""After a restart clients come back spread over seconds, each from where it was.

What clients do by themselves (backing off, and giving up on 401 and 403) is for the tests of the library.
"""

from __future__ import annotations

import asyncio
import json
import signal
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.cases.test_shutdown import restart
from tests.conftest import Serve

CLIENTS = 300
DRAIN = 1
CEILING = 30.0
CROWDED = 0.35
"""The largest part of all that may come back within half a second."""


@dataclass
class Client:
    """A client that does as it is told."""

    url: str
    number: int
    last_id: str = ""
    first_retry: int = 0
    """What its browser would wait for, should the connection just break."""
    told_to_come: float = 0
    """The moment for which it was asked to come back."""
    resumed: bool | None = None

    async def follow(self, opened: asyncio.Semaphore) -> None:
        """A stream until its goodbye."""
        reader, writer = await self._ask()
        greeting = (await reader.readuntil(b"event: snapshot")).decode()
        self.first_retry = int(greeting.partition("retry: ")[2].split()[0])
        opened.release()
        told = (await reader.readuntil(b"event: bye\ndata: ")).decode()
        self.last_id = (greeting + told).rpartition("\nid: ")[2].split()[0]
        bye = json.loads(await reader.readline())
        self.told_to_come = time.monotonic() + bye["retry_ms"] / 1000
        writer.close()

    async def come_back(self) -> None:
        """Come when asked to, and again later while nobody listens."""
        await asyncio.sleep(self.told_to_come - time.monotonic())
        while True:
            try:
                reader, writer = await self._ask()
                break
            except OSError:
                await asyncio.sleep(0.5)
        hello = (await reader.readuntil(b'"resumed":')).decode()
        self.resumed = (await reader.readexactly(4)) == b"true"
        assert "event: hello" in hello
        writer.close()

    async def _ask(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        address = urlsplit(self.url)
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        last = f"Last-Event-ID: {self.last_id}\r\n" if self.last_id else ""
        target = f"/v1/events?as=user-{self.number}&user=alice"
        writer.write(f"GET {target} HTTP/1.1\r\nHost: {address.netloc}\r\n{last}\r\n".encode())
        return reader, writer


def crowded(moments: list[float], seconds: float = 0.5) -> float:
    """The largest part of all that lies within so many seconds."""
    return max(sum(first <= other < first + seconds for other in moments) for first in moments) / len(moments)


async def test_c34_three_hundred_clients_and_a_restart(serve: Serve) -> None:
    node = serve(drain=DRAIN)
    clients = [Client(node.url, number) for number in range(CLIENTS)]
    opened = asyncio.Semaphore(0)
    async with asyncio.timeout(3 * CEILING), asyncio.TaskGroup() as all_of_them:
        for client in clients:
            all_of_them.create_task(client.follow(opened))
        for _ in clients:
            await opened.acquire()
        node.process.send_signal(signal.SIGTERM)
    assert crowded([client.first_retry / 1000 for client in clients]) < CROWDED, "should it be killed"
    assert crowded([client.told_to_come for client in clients]) < CROWDED
    await asyncio.to_thread(node.process.wait, CEILING)
    await asyncio.to_thread(restart, serve, node, {"drain": DRAIN})
    async with asyncio.timeout(CEILING):
        await asyncio.gather(*(client.come_back() for client in clients))
    assert {client.resumed for client in clients} == {True}
