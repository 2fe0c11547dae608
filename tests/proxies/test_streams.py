"""C27, C28: streams through real proxies, as they are shown and as everybody configures them at first."""

from __future__ import annotations

import asyncio
import ssl
import time
from pathlib import Path

import httpx
import pytest

from tests.cases.caller import LATE
from tests.proxies.conftest import Before, Node, protocols, proxies, ways
from tests.proxies.proxy import SHOWN
from tests.proxies.visitor import visitor
from tests.running import Service
from tests.stores.machines import until

pytestmark = pytest.mark.proxies

WINDOW = 0.2


async def streams(service: Service) -> int:
    """The gauge of open streams."""
    async with httpx.AsyncClient(trust_env=False) as client:
        text = (await client.get(f"{service.url}/metrics")).text
    return round(sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith(GAUGE)))


GAUGE = "sse_presence_streams{"


def refuse_what_is_not_for_streams(headers: httpx.Headers, protocol: str) -> None:
    """No header that compresses, keeps or belongs to one hop, but what HTTP/1.1 itself needs."""
    assert headers["content-type"] == "text/event-stream; charset=utf-8"
    assert headers["cache-control"] == "no-store, no-transform"
    for name in ("content-encoding", "keep-alive", "content-length", "upgrade", "trailer"):
        assert name not in headers, headers
    if protocol == "HTTP/2":
        assert "connection" not in headers
        assert "transfer-encoding" not in headers
    else:
        assert headers["transfer-encoding"] == "chunked"
        assert headers.get("connection", "keep-alive") == "keep-alive"


@proxies
@ways
@protocols
async def test_c27_every_event_comes_in_time(
    name: str, where: Path, protocol: str, node: Node, before: Before, trust: ssl.SSLContext
) -> None:
    """Uncompressed, one by one, resumable, and gone from the service when the visitor goes.

    A proxy that nobody told otherwise may notice that only when it has something to send, which is a ping.
    """
    service = node(presence_window=WINDOW, ping=15 if where == SHOWN else 1)
    proxy = before(name, where, service)
    async with visitor(proxy.url, protocol, trust, "alice") as alice:
        assert (await alice.post("heartbeat", device="laptop")).json()["status"] == "online"
        async with visitor(proxy.url, protocol, trust) as watcher, watcher.watch("alice") as stream:
            assert stream.response.http_version == protocol
            refuse_what_is_not_for_streams(stream.response.headers, protocol)
            assert (await stream.next()).name == "hello"
            assert (await stream.record("alice"))["status"] == "online"
            for number in range(10):
                answer = await alice.post("status", status="dnd", text=f"change {number}")
                answered = time.monotonic()
                record = await stream.record("alice")
                assert record["text"] == f"change {number}"
                assert stream.received[-1].at - answered < WINDOW + LATE
                assert answer.status_code == httpx.codes.OK
                await asyncio.sleep(WINDOW * (number % 3) / 2)
            last = stream.last_id
            head = await watcher.client.head(stream.response.url)
            assert (head.status_code, head.content) == (httpx.codes.OK, b"")
            assert head.headers["content-type"] == stream.response.headers["content-type"]
            assert await streams(service) == 1

        async def gone() -> bool:
            return await streams(service) == 0

        await until(gone, "the service knows that the visitor went")
        await alice.post("status", status="online")
        async with (
            visitor(proxy.url, protocol, trust) as watcher,
            watcher.watch("alice", last=last) as stream,
        ):
            assert (await stream.next()).data["resumed"] is True
            event = await stream.next()
            assert (event.name, event.data["users"][0]["status"]) == ("presence", "online")
