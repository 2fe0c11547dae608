"""Coming back: whatever a client remembers, it is answered, and its view is that of the query at once.

Elsewhere: any cursor after `FLUSHALL` and what open streams see of it, in `tests/live/test_bus.py`; empty
replicas that take over, in `tests/stores/`; the header against the parameter, in `tests/live/test_stream.py`.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import signal
import time
from base64 import urlsafe_b64decode
from typing import Any
from uuid import uuid4

import httpx
import msgspec
import pytest
from redis.asyncio import Redis

from sse_presence.domain import cursor
from sse_presence.store.embedded import embedded
from tests.cases.caller import LATE, SHORT
from tests.cases.conftest import Call
from tests.cases.raw import open_raw
from tests.cases.sight import becomes
from tests.conftest import Events, Serve, StartLive
from tests.stream import Stream

SECRET: dict[str, Any] = {"cursor_secret": "the same in all processes and stores of this test"}
STAY = SHORT | {"heartbeat": 10, "idle_after": 60, "hidden_idle_after": 60, "grace": 1}
"""Nobody dies or idles in the course of a test."""


async def settle() -> None:
    """Let a sweep pass, so that cursors stand behind all that happened."""
    await asyncio.sleep(2 * SHORT["sweep"] + SHORT["presence_window"])


def position(last: str) -> int:
    """The store time at which a cursor stands, in milliseconds."""
    return int.from_bytes(urlsafe_b64decode(last)[1:7])


def ids(stream: Stream) -> list[str]:
    """The users of every record, snapshots left out."""
    return [
        record["user"]
        for event in stream.received
        if event.name == "presence"
        for record in event.data["users"]
    ]


async def snapshot_then_live(stream: Stream, call: Call, url: str, status: str) -> None:
    """No resume, everything at once, and then changes."""
    begin = time.monotonic()
    assert (await stream.next()).data["resumed"] is False
    snapshot = await stream.next()
    assert snapshot.name == "snapshot"
    assert snapshot.at - begin <= 1 + LATE
    asked = await call(url, "watcher").ask("alice")
    assert snapshot.data["users"] == [asked.records["alice"]]
    await call(url, "alice").choose(status)
    await becomes(stream, "alice", status)


async def test_c20_whatever_comes_as_last_event_id(live: StartLive, events: Events, call: Call) -> None:
    """Besides plain nonsense, which `tests/live/test_stream.py` sends: cursors that nearly are some."""
    node = await live(**STAY, **SECRET)
    await call(node.url, "alice").beat()
    async with events(node.url, "alice") as stream:
        await stream.next("snapshot")
        await settle()
        await call(node.url, "alice").choose("idle")
        await becomes(stream, "alice", "idle")
        good = stream.last_id
    async with events(node.url, "alice", last=good) as stream:
        assert (await stream.next()).data["resumed"] is True, "what follows is about this one"
    async with events(node.url, "bob") as stream:
        await stream.next("snapshot")
        others = stream.last_id
    nearly = [
        good[:-1],
        good[1:],
        good[:20],
        good + "A",
        f"{good},{good}",
        f'"{good}"',
        good.swapcase(),
        good[::-1],
        others,
        "-1",
        "9" * 56,
        "99999999999999999999",
        "1730000000000-0",
        str(uuid4()),
        "null",
        "undefined",
        "a" * 8192,
        "ünïcödé",
        "🙂" * 14,
        "é" * 2000,
    ]
    for number, text in enumerate(nearly):
        header: Any = {b"Last-Event-ID": text.encode()}
        async with events(node.url, "alice", headers=header) as stream:
            await snapshot_then_live(stream, call, node.url, ("dnd", "idle")[number % 2])
        async with open_raw(node.url, user="alice", last_event_id=text) as (raw, _):
            assert await raw.until(b"event: snapshot") - raw.asked <= 1 + LATE
            assert raw.received.startswith(b"HTTP/1.1 200 ")
            assert b'"resumed":false' in raw.received
    async with events(node.url, "alice") as stream:
        await snapshot_then_live(stream, call, node.url, "dnd")


@pytest.mark.parametrize("query", ["last_event_id=", "last_event_id=%00", "last_event_id=%0D%0Aid:%20x"])
async def test_c20_control_characters_in_the_parameter(live: StartLive, query: str) -> None:
    node = await live(**STAY)
    async with (
        httpx.AsyncClient(trust_env=False) as client,
        client.stream("GET", f"{node.url}/v1/events?as=watcher&user=alice&{query}") as response,
    ):
        assert response.status_code == httpx.codes.OK
        received = b""
        async for piece in response.aiter_raw():
            received += piece
            if b"event: snapshot" in received:
                break
        assert b'"resumed":false' in received


async def test_c20_positions_in_the_future_and_the_far_past(
    live: StartLive, events: Events, call: Call
) -> None:
    """Sealed with the right key, as by a server whose clock, or whose store's, was wrong."""
    node = await live(**STAY, **SECRET)
    await call(node.url, "alice").beat()
    async with events(node.url, "alice") as stream:
        await stream.next("snapshot")
        good = stream.last_id
    key = cursor.derive_key(SECRET["cursor_secret"].encode())
    known = cursor.read(key, good)
    assert known is not None
    async with events(node.url, "alice", last=cursor.issue(key, known)) as stream:
        assert (await stream.next()).data["resumed"] is True, "what follows is about this one"
    month = 31 * 86_400_000
    now = position(good)
    places = (now + 60_000, now + month, 2**47, 2**48 - 1, 0, 1, now - month)
    for number, place in enumerate(places):
        last = cursor.issue(key, msgspec.structs.replace(known, position=place))
        async with events(node.url, "alice", last=last) as stream:
            await snapshot_then_live(stream, call, node.url, ("dnd", "idle")[number % 2])


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
async def test_c21_a_restart_brings_what_was_missed_and_nothing_else(
    serve: Serve, events: Events, call: Call, ending: signal.Signals
) -> None:
    """Missed before, during and after the restart; several changes of one user come as its last."""
    users = [f"user-{number}" for number in range(8)]
    first = serve(**STAY)
    async with events(first.url, *users) as stream:
        await stream.next("snapshot")
        for user in users:
            told = (await call(first.url, user).beat())["time"]
            await becomes(stream, user, "online")
        for status in itertools.cycle(("dnd", "idle")):
            await call(first.url, users[0]).choose(status)
            await becomes(stream, users[0], status)
            last = stream.last_id
            if position(last) > told:
                break
            await settle()
    await settle()
    await call(first.url, users[1]).choose("idle")
    await call(first.url, users[1]).choose("dnd", text="missed before")
    await call(first.url, users[2]).choose("idle", expires_in=400)
    first.stop(ending)
    await asyncio.sleep(0.4)
    second = serve(**STAY)
    await call(second.url, users[3]).choose("dnd")
    async with events(second.url, *users, last=last) as stream:
        assert (await stream.next()).data["resumed"] is True
        missed = await stream.next()
        assert missed.name == "presence"
        asked = await call(second.url, "watcher").ask(*users)
        assert {record["user"]: record for record in missed.data["users"]} == {
            user: asked.records[user] for user in ids(stream)
        }
        assert {users[1], users[3]} <= set(ids(stream)) <= set(users[:4])
        assert len(ids(stream)) == len(set(ids(stream)))
        await becomes(stream, users[1], "dnd")
        await stream.quiet(0.5)
        assert set(ids(stream)) <= set(users[:4])
        last = stream.last_id
    second.stop()
    third = serve(**STAY)
    async with events(third.url, *users, last=last) as stream:
        assert (await stream.next()).data["resumed"] is True
        assert (await stream.next()).name == "presence"
        assert not set(ids(stream)) & set(users[4:])
        await call(third.url, users[7]).choose("dnd")
        await becomes(stream, users[7], "dnd")


@pytest.mark.parametrize("loss", ["flushed", "another store"])
async def test_c21_a_restart_on_a_store_that_lost_everything(
    serve: Serve, events: Events, call: Call, redis_url: str, loss: str
) -> None:
    """The key is the same and the cursor genuine: what it was issued under is gone."""
    first = serve(**STAY, **SECRET)
    async with events(first.url, "alice") as stream:
        await stream.next("snapshot")
        await call(first.url, "alice").beat()
        await becomes(stream, "alice", "online")
        last = stream.last_id
    first.stop()
    if loss == "flushed":
        async with Redis.from_url(redis_url) as store:
            await store.flushall()
    with embedded() as other:
        second = serve(redis_url=redis_url if loss == "flushed" else other, **STAY, **SECRET)
        async with events(second.url, "alice", last=last) as stream:
            assert (await stream.next()).data["resumed"] is False
            assert (await stream.next()).name == "snapshot"
            await call(second.url, "alice").beat()
            await becomes(stream, "alice", "online")
            last = stream.last_id
        await settle()
        async with events(second.url, "alice", last=last) as stream:
            assert (await stream.next()).data["resumed"] is True
        second.stop()


async def test_c23_only_snapshots_and_presence_carry_an_id(serve: Serve, call: Call, redis_url: str) -> None:
    """In the bytes of a stream with every event there is; an empty id would make clients forget theirs."""
    node = serve(**STAY | {"ping": 0.4})
    async with open_raw(node.url, user="alice", channel="room", pad="1") as (raw, reading):
        await raw.until(b"event: snapshot")
        await call(node.url, "alice").beat()
        await raw.until(b"event: presence")
        await call(node.url, "alice").types()
        await raw.until(b'"expires_in"')
        await raw.until(b"event: ping")
        async with Redis.from_url(redis_url) as store:
            await store.client_kill_filter(_type="pubsub")
        await raw.until(b"event: fresh")
        await call(node.url, "alice").choose("dnd")
        await raw.until(b'"status":"dnd"')
        node.process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(reading, LATE + SHORT["heartbeat"] * 10)
    assert {
        b"hello",
        b"snapshot",
        b"presence",
        b"typing",
        b"channel",
        b"ping",
        b"stale",
        b"fresh",
        b"bye",
    } == set(raw.fields(b"event"))
    for frame in raw.frames:
        event = next((line.removeprefix(b"event: ") for line in frame if line.startswith(b"event")), b"")
        named = [line for line in frame if line.lstrip().startswith(b"id")]
        assert len(named) == (event in {b"snapshot", b"presence"}), frame
        assert all(re.fullmatch(rb"id: [A-Za-z0-9._-]{1,64}", line) for line in named)
