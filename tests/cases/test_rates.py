"""A user who overdoes it is slowed down, and harms neither itself nor others."""

from __future__ import annotations

import asyncio
import time

import httpx

from tests.cases.caller import LATE
from tests.conftest import Events, StartLive


async def test_c42_fifty_changes_a_second(live: StartLive, events: Events) -> None:
    """Most are refused, the stream stays, and what was taken last is what everybody sees."""
    node = await live()
    accepted, refused = "", 0
    async with (
        httpx.AsyncClient(base_url=node.url, params={"as": "alice"}, trust_env=False) as client,
        events(node.url, "alice", me="alice") as own,
        events(node.url, "alice", me="bob") as watcher,
    ):
        await client.post("/v1/heartbeat", json={"device": "laptop"})
        begun = time.monotonic()
        for number in range(150):
            body = {"status": "dnd", "text": f"number {number}"}
            answer = await client.post("/v1/status", json=body)
            if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
                assert answer.json()["code"] == "too-many-requests"
                assert int(answer.headers["retry-after"]) >= 1
                refused += 1
            else:
                accepted = str(answer.json()["text"])
            await asyncio.sleep(max(0, begun + number / 50 - time.monotonic()))
        assert refused > 75
        assert accepted
        for stream in (own, watcher):
            async with asyncio.timeout(LATE * 2):
                while (await stream.record("alice")).get("text") != accepted:
                    pass
            await stream.quiet(0.5)
        asked = await client.get("/v1/presence", params={"user": "alice", "as": "bob"})
        assert asked.json()["users"][0]["text"] == accepted
