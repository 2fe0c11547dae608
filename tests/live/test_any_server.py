"""Where it is not `serve` that serves: signals and streams go by plain ASGI, and are the same."""

from __future__ import annotations

import httpx

from sse_presence.app import create_app
from sse_presence.settings import Settings
from tests.conftest import Events
from tests.running import live_service


async def test_any_server_will_do(redis_url: str, events: Events) -> None:
    """A stream tells, resumes and says goodbye."""
    app = create_app(Settings(redis_url=redis_url, sweep=200, ping=1_000))
    async with live_service(app) as url, httpx.AsyncClient(base_url=url, trust_env=False) as client:
        async with events(url, "alice", "carol") as stream:
            assert (await stream.record("alice"))["status"] == "offline"
            beat = await client.post("/v1/heartbeat?as=alice", json={"device": "d"})
            assert (beat.status_code, beat.json()["status"]) == (200, "online")
            assert (await stream.record("alice"))["status"] == "online"
            assert (await client.post("/v1/users/watcher/disconnect?as=root")).status_code == 200
            bye = (await stream.end())[-1]
            assert (bye.name, bye.data["reason"]) == ("bye", "revoked")
        chosen = await client.post("/v1/status?as=alice", json={"status": "dnd"})
        assert chosen.status_code == 200
        async with events(url, "alice", "carol", last=stream.last_id) as again:
            assert (await again.next()).data["resumed"] is True
            assert (await again.record("alice"))["status"] == "dnd"
