"""C27: a minute in which nothing happens, through every proxy at once."""

from __future__ import annotations

import asyncio
import itertools
import ssl
import time
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from tests.cases.caller import LATE
from tests.proxies.conftest import Before, Node
from tests.proxies.proxy import KINDS, SHOWN, STOCK
from tests.proxies.visitor import PROTOCOLS, token, visitor
from tests.stream import Stream

pytestmark = pytest.mark.proxies

MINUTE = 62.0
"""Seconds of quiet: more than nginx waits for a node where nobody told it how long, which is 60."""

PING = 15
"""The default."""


async def test_c27_streams_outlive_a_quiet_minute(node: Node, before: Before, trust: ssl.SSLContext) -> None:
    """By pings where proxies are impatient, and in silence where they were told to be patient."""
    pinging, silent = node(), node(ping=100)
    ways: tuple[tuple[Path, bool], ...] = ((SHOWN, True), (STOCK, True), (SHOWN, False))
    streams: list[tuple[str, bool, Stream]] = []
    async with AsyncExitStack() as stack:
        for name, (where, pings), protocol in itertools.product(KINDS, ways, PROTOCOLS):
            proxy = before(name, where, pinging if pings else silent)
            watcher = await stack.enter_async_context(visitor(proxy.url, protocol, trust))
            stream = await stack.enter_async_context(watcher.watch("bob"))
            streams.append((f"{name} {where.name} {protocol}", pings, stream))
        for _, _, stream in streams:
            await stream.next("snapshot")
        begun = time.monotonic()
        await asyncio.sleep(MINUTE)
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.post(
                f"{pinging.url}/v1/heartbeat",
                json={"device": "laptop"},
                headers={"Authorization": f"Bearer {token('bob')}"},
            )
        assert answer.status_code == httpx.codes.OK, answer.text
        for way, pings, stream in streams:
            assert (await stream.record("bob"))["status"] == "online", way
            names = [event.name for event in stream.received]
            assert names[:2] + names[-1:] == ["hello", "snapshot", "presence"], way
            assert set(names[2:-1]) == ({"ping"} if pings else set()), way
            moments = [begun, *(event.at for event in stream.received[2:])]
            assert not pings or max(b - a for a, b in itertools.pairwise(moments)) < PING + LATE, way
