"""A client that is not ours: the EventSource of npm follows a stream and comes back by itself."""

from __future__ import annotations

import asyncio
import json
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Serve
from tests.live.test_stream import post
from tests.running import CEILING

pytestmark = pytest.mark.node

SCRIPT = Path(__file__).parents[1] / "foreign" / "watch.mjs"

SETTINGS: dict[str, Any] = {"heartbeat": 10, "sweep": 0.2, "drain": 0.5, "ping": 1}


class Watch:
    """What the client has printed."""

    def __init__(self, lines: asyncio.StreamReader) -> None:
        self._lines = lines
        self.events: list[dict[str, Any]] = []

    async def next(self, *names: str) -> dict[str, Any]:
        """The next event with one of these names."""
        async with asyncio.timeout(2 * CEILING):
            while line := await self._lines.readline():
                self.events.append(json.loads(line))
                if self.events[-1]["name"] in names:
                    return self.events[-1]
        raise AssertionError(f"The client ended before {names}: {self.events}")

    async def record(self, user: str, status: str) -> dict[str, Any]:
        """The next event that shows a user so."""
        while True:
            event = await self.next("snapshot", "presence")
            if any((one["user"], one["status"]) == (user, status) for one in event["data"]["users"]):
                return event


@asynccontextmanager
async def watching(url: str) -> AsyncIterator[Watch]:
    """Run the client for the length of the block."""
    process = await asyncio.create_subprocess_exec("node", SCRIPT, url, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield Watch(process.stdout)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
async def test_it_comes_back_by_itself_after_a_restart(serve: Serve, ending: signal.Signals) -> None:
    """With its last id, so that it is told what it missed and nothing else."""
    first = serve(**SETTINGS)
    (port,) = re.findall(r":(\d+)$", first.url)
    async with watching(f"{first.url}/v1/events?as=watcher&user=alice&user=bob&channel=room") as client:
        assert (await client.next("open", "error"))["name"] == "open"
        hello = await client.next("hello", "snapshot", "error")
        assert (hello["name"], hello["data"]["resumed"], hello["id"]) == ("hello", False, "")
        snapshot = await client.next("snapshot", "presence", "error")
        assert snapshot["id"]
        await client.next("typing")
        await post(first.url, "alice", "heartbeat", device="d")
        await client.record("alice", "online")
        await asyncio.to_thread(first.stop, ending)
        second = await asyncio.to_thread(serve, "--port", port, **SETTINGS)
        await post(second.url, "alice", "status", status="dnd")
        hello = await client.next("hello")
        assert hello["data"]["resumed"] is True
        missed = await client.next("snapshot", "presence")
        assert missed["name"] == "presence"
        if not any(record["status"] == "dnd" for record in missed["data"]["users"]):
            await client.record("alice", "dnd")  # it was back before the change
        await post(second.url, "bob", "heartbeat", device="d")
        await client.record("bob", "online")
    names = [event["name"] for event in client.events]
    assert names.count("snapshot") == 1
    assert names.count("bye") == (ending is signal.SIGTERM)
    assert all(event["state"] == 0 for event in client.events if event["name"] == "error")


async def test_trouble_is_told_in_band_and_does_not_end_it(serve: Serve) -> None:
    """Over a limit it gets 200 and `bye`, so that it waits as told instead of giving up for good."""
    node = serve(**SETTINGS, max_streams_per_user=1)
    url = f"{node.url}/v1/events?as=watcher&user=alice"
    async with watching(url) as one, watching(f"{node.url}/v1/events?as=other&user=alice") as other:
        await one.next("snapshot")
        await other.next("snapshot")
        async with watching(url) as refused:
            bye = await refused.next("bye", "error")
            assert (bye["name"], bye["data"]["reason"]) == ("bye", "limit")
            error = await refused.next("error")
            assert (error["state"], error.get("code")) == (0, None), "it will come back"
