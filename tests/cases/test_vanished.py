"""Watchers that are gone without a word: closed in time, no burden to others, and no life for anybody."""

from __future__ import annotations

import asyncio
import ctypes
import socket
import struct
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

from tests.cases.caller import LATE, SHORT
from tests.cases.conftest import Call
from tests.conftest import Events, Serve
from tests.stores.machines import until
from tests.test_metrics import figures

SEND_TIMEOUT = 1.0
SILENT = SEND_TIMEOUT + 5
"""Seconds without an acknowledgement after which a peer has vanished."""
PING = 0.5


SO_ATTACH_FILTER = 26
DROP = struct.pack("HBBI", 0x06, 0, 0, 0)
"""A packet filter that keeps no byte of any packet."""


def vanish(peer: socket.socket) -> None:
    """From now on the kernel drops every packet for this socket, as a cable that was pulled does."""
    drop = ctypes.create_string_buffer(DROP)
    peer.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HL", 1, ctypes.addressof(drop)))


def sockets(pid: int) -> int:
    """Sockets that a process holds."""
    return sum(str(link.readlink()).startswith("socket:") for link in Path(f"/proc/{pid}/fd").iterdir())


async def test_connections_vanish_that_have_asked_for_nothing_yet(serve: Serve) -> None:
    """Before the first byte, in the middle of a request, and between two of them."""
    service = serve(send_timeout=SEND_TIMEOUT)
    parts = urlsplit(service.url)
    before = sockets(service.process.pid)
    peers = [socket.create_connection((parts.hostname, parts.port)) for _ in range(3)]
    _, asking, kept = peers
    asking.sendall(b"POST /v1/heartbeat?as=alice HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n{")
    kept.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert b"200 OK" in await asyncio.to_thread(kept.recv, 1_000)

    async def all_are_held() -> bool:
        return sockets(service.process.pid) == before + len(peers)

    await until(all_are_held, "all are held")
    for peer in peers:
        vanish(peer)

    async def all_are_closed() -> bool:
        return sockets(service.process.pid) == before

    await until(all_are_closed, "all are closed")
    for peer in peers:
        peer.close()


@asynccontextmanager
async def asked(url: str, query: str) -> AsyncIterator[tuple[asyncio.StreamReader, socket.socket]]:
    """A stream that has had its snapshot, and its socket."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(f"GET /v1/events?{query} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode())
    await reader.readuntil(b"event: snapshot")
    try:
        yield reader, writer.get_extra_info("socket")._sock
    finally:
        writer.transport.abort()


async def test_c03_packets_of_a_watcher_vanish(serve: Serve, events: Events, call: Call) -> None:
    """It is closed and counted; who reads on notices nothing; its device dies, stream or no stream."""
    settings = SHORT | {
        "ping": PING,
        "send_timeout": SEND_TIMEOUT,
        "renewal_ceiling": 4,
        "status_rate": "off",
    }
    url = serve(**settings).url
    alice, lost = call(url, "alice"), call(url, "lost")
    async with (
        events(url, "alice", "lost", "quiet") as other,
        asked(url, "as=quiet&device=tab") as (_, quiet),
    ):
        await other.next("snapshot")
        await alice.beat(interval_ms=4_000)
        await lost.beat("tab")
        async with asked(url, "as=lost&device=tab&user=alice") as (_, peer):
            begun = time.monotonic()
            vanish(peer)
            vanish(quiet)
            changes = 0
            while time.monotonic() < begun + SILENT - 1:
                changes += 1
                asked_at = time.monotonic()
                await alice.beat(interval_ms=4_000)
                await alice.choose("dnd", text=f"change {changes}")
                while (await other.record("alice")).get("text") != f"change {changes}":
                    pass
                assert time.monotonic() - asked_at < SHORT["presence_window"] + LATE / 2
                await asyncio.sleep(0.2)

            async def both_are_closed() -> bool:
                told = await figures(url)
                return told("streams") == 1 and told("streams_ended_total", reason="vanished") == 2

            await until(both_are_closed, "both are closed")
            assert time.monotonic() - begun < SILENT + PING + LATE
        came = [event.at for event in other.received if event.at > begun]
        assert max(later - earlier for earlier, later in pairwise(came)) < PING + LATE / 2
        await until(lambda: offline(other.statuses("lost")), "its device is dead")
        assert other.statuses("lost") == ["offline", "online", "offline"]
        assert other.statuses("quiet") == ["offline"], "a stream alone makes nobody present"


async def offline(statuses: list[str]) -> bool:
    return statuses[-1] == "offline"
