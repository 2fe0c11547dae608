"""Polls on a real server: held open while nothing is new, and given back whole when a client goes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import Events, Live, Serve, StartLive
from tests.faults.proxy import Proxy
from tests.stores.machines import Machine, until
from tests.stream import CEILING

Told = list[tuple[str, Any]]


class Poller:
    """A client that polls, and remembers where it stands."""

    def __init__(self, client: httpx.AsyncClient, url: str, **parameters: Any) -> None:
        self._client = client
        self._url = f"{url}/v1/poll"
        self._parameters = {"as": "watcher"} | parameters
        self.cursor = ""

    async def ask(self, timeout_ms: int = 10_000) -> Told:
        """The events of one answer."""
        parameters = self._parameters | {"timeout_ms": timeout_ms, "last_event_id": self.cursor}
        answer = await self._client.get(self._url, params=parameters)
        assert answer.status_code == httpx.codes.OK, answer.text
        assert answer.headers["cache-control"] == "no-store"
        assert answer.json().keys() == {"cursor", "events"}
        self.cursor = answer.json()["cursor"]
        return [(event["event"], event["data"]) for event in answer.json()["events"]]

    async def head(self, parameters: dict[str, str]) -> httpx.Response:
        return await self._client.head(self._url, params=parameters)

    async def post(self, user: str, path: str, **body: Any) -> None:
        url = self._url.replace("poll", path)
        answer = await self._client.post(url, json=body, headers={"X-Presence-User": user})
        assert answer.status_code == httpx.codes.OK, answer.text


@asynccontextmanager
async def poller(url: str, **parameters: Any) -> AsyncIterator[Poller]:
    async with httpx.AsyncClient(timeout=httpx.Timeout(CEILING, read=45), trust_env=False) as client:
        yield Poller(client, url, **parameters)


def names(events: Told) -> list[str]:
    return [name for name, _ in events]


async def open_are(live: Live, count: int) -> bool:
    return len(live.app.state.presence.node.hub.register.streams) == count


async def test_it_waits_until_something_is_new(live: StartLive) -> None:
    service = await live()
    async with poller(service.url, user="alice", channel="room") as client:
        assert names(await client.ask()) == ["snapshot", "typing", "channel"]
        asked = asyncio.create_task(client.ask())
        await asyncio.sleep(0.5)
        assert not asked.done()
        await client.post("alice", "heartbeat", device="d")
        ((name, data),) = await asked
        assert (name, data["users"][0]["status"]) == ("presence", "online")
        asked = asyncio.create_task(client.ask())
        await asyncio.sleep(0.5)
        assert not asked.done(), "nothing is newer than the cursor"
        await client.post("alice", "typing", device="d", channel="room", typing=True)
        ((name, data),) = await asked
        assert (name, data["channels"][0]["typing"][0]["user"]) == ("typing", "alice")
        await client.post("alice", "heartbeat", device="d", channels=["room"])
        (room,) = dict(await client.ask())["channel"]["channels"]
        assert (room["channel"], room["count"]) == ("room", 1)
        assert await open_are(service, 0)


@pytest.mark.parametrize("partitions", [1, 7])
async def test_nobody_polls_in_a_circle(live: StartLive, partitions: int) -> None:
    service = await live(partitions=partitions, sweep=0.5)
    async with poller(service.url, user=["alice", "bob"], members="room") as client:
        for user in ("alice", "bob"):
            await client.post(user, "heartbeat", device="d", channels=["room"])
        begun, answers = time.monotonic(), 0
        while time.monotonic() - begun < 3:
            await client.ask(500)
            answers += 1
        assert answers <= 10, "a snapshot, what its members bring, and then one in half a second"


async def test_in_vain_it_is_answered_in_time(live: StartLive) -> None:
    service = await live()
    async with poller(service.url, user="alice") as client:
        await client.ask()
        begun = time.monotonic()
        assert await client.ask(700) == []
        assert time.monotonic() - begun >= 0.65
        assert await client.ask(0) == []


async def test_streams_and_polls_share_cursors(live: StartLive, events: Events) -> None:
    service = await live()
    async with events(service.url, "alice", channels=["room"]) as stream:
        await stream.next("channel")
        last = stream.last_id
    async with poller(service.url, user="alice", channel="room") as client:
        client.cursor = last
        assert await client.ask(500) == []
        await client.post("alice", "heartbeat", device="d")
        assert names(await client.ask())[0] == "presence"
        await client.post("alice", "status", status="dnd")
    async with events(service.url, "alice", channels=["room"], last=client.cursor) as stream:
        assert (await stream.next("hello")).data["resumed"] is True
        assert (await stream.record("alice"))["status"] == "dnd"


async def test_it_attaches_no_device(live: StartLive) -> None:
    service = await live(heartbeat=0.3, grace=0.1, sweep=0.2, renewal_ceiling=60)
    async with poller(service.url, user="alice", device="d", **{"as": "alice"}) as client:
        await client.post("alice", "heartbeat", device="d")
        statuses: list[str] = []
        while "offline" not in statuses[-1:]:
            for name, data in await client.ask(5_000):
                assert name in {"snapshot", "presence"}
                statuses += [record["status"] for record in data["users"]]
        assert statuses[0] == "online"


async def test_head_waits_for_nothing(live: StartLive) -> None:
    service = await live()
    async with poller(service.url, user="alice") as client:
        await client.ask()
        asked = {"as": "watcher", "user": "alice", "last_event_id": client.cursor}
        async with asyncio.timeout(20):  # a GET would wait for thirty seconds
            answer = await client.head(asked)
            refused = await client.head(asked | {"timeout_ms": "soon"})
    assert (answer.status_code, answer.content, refused.status_code) == (200, b"", 422)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert "content-length" not in answer.headers
    assert await open_are(service, 0)


async def test_a_client_that_goes_gives_everything_back(live: StartLive) -> None:
    service = await live(max_streams_per_user=2)
    async with poller(service.url, user="alice", members="room") as client:
        await client.ask()
        held = [asyncio.create_task(client.ask()) for _ in range(2)]
        await until(lambda: open_are(service, 2), "two polls are open")
        ((name, data),) = await client.ask()
        assert (name, data["reason"]) == ("bye", "limit"), "a poll counts as a stream while it is open"
        assert data["retry_ms"] >= 30_000
        for asked in held:
            asked.cancel()
        await asyncio.wait(held)
        await until(lambda: open_are(service, 0), "they are given back")
        register = service.app.state.presence.node.hub.register
        assert not any(any(partition.watched()) for partition in register.partitions)
        assert await client.ask(100) == []


@pytest.mark.parametrize("text", ["30001", "-1", "1.5", "soon", "", "٣", "9" * 400])
async def test_how_long_it_may_take_is_checked(live: StartLive, text: str) -> None:
    service = await live()
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"{service.url}/v1/poll", params={"as": "bob", "timeout_ms": text})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "timeout_ms"


async def test_a_stopping_process_says_goodbye(serve: Serve) -> None:
    service = serve(drain=0.5)
    async with poller(service.url, user="alice") as client:
        await client.ask()
        asked = asyncio.create_task(client.ask(30_000))
        await asyncio.sleep(0.3)
        service.stop()
        ((name, data),) = await asked
        assert (name, data["reason"]) == ("bye", "shutdown")


async def test_a_store_that_is_away_is_told_and_that_it_is_back(serve: Serve, tmp_path: Path) -> None:
    store = Machine(tmp_path / "store", options=("--save", ""))
    proxy = Proxy(store.port)
    await proxy.start()
    service = serve(redis_url=f"redis://127.0.0.1:{proxy.port}")
    async with poller(service.url, user="alice") as client:
        await client.ask()
        asked = asyncio.create_task(client.ask(30_000))
        await asyncio.sleep(0.2)
        proxy.cut()
        assert names(await asked) == ["stale"]
        assert await client.ask(500) == []
        async with poller(service.url, user="alice") as another:
            begun = time.monotonic()
            assert names(await another.ask(0)) == ["stale"]
            assert time.monotonic() - begun >= 1, "nobody asks in a circle"
        proxy.mend()
        while "fresh" not in (told := names(await client.ask(30_000))):
            assert told == []
        await client.post("alice", "heartbeat", device="d")
        assert names(await client.ask()) == ["presence"]
    service.stop()
    await proxy.close()
    await store.close()
