"""Nothing that a user wrote ends a line, and nothing is silent for long.

That records and lists of any text are one event each is in `tests/sse/test_encode.py`; here the text goes
all the way, from a request to the bytes of a stream.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.cases.caller import LATE, SHORT
from tests.cases.conftest import Call
from tests.cases.raw import open_raw
from tests.conftest import Events, StartLive

STAY = SHORT | {"heartbeat": 10, "idle_after": 60, "hidden_idle_after": 60, "grace": 1}

FORGED = '\n\nid: forged\nevent: presence\ndata: {"users":[]}\n\n'
TEXTS = (
    "a\rb",
    "a\nb",
    "a\r\nb",
    "\n\n",
    "\r\r",
    "\r\n\r\n",
    FORGED,
    FORGED.replace("\n", "\r"),
    FORGED.replace("\n", "\r\n"),
    "\nretry: 1\n",
    "\n: comment\n\n",
    "data: x",
    '"}]}\n\nevent: bye\ndata: {}\n\n',
    "a\u2028b\u2029c\x85d\x0be\x0cf",
    "\ufeffevent: bye",
    "\\n\\u000a\\",
    "\x01\x1b[31mred\x7f",
    "\u202eevil \U0001f469\u200d\U0001f4bb e\u0301",
)
IN_IDS = ("\r", "\n", "\r\n", "\0", FORGED, "\x85", "\x7f", "\x1b", "\t")
SURROGATE = rb"\ud83d"


async def test_c24_status_texts_come_back_as_they_went(live: StartLive, call: Call) -> None:
    """One change at a time gives one event each: no more, no less, and none of them forged."""
    node = await live(**STAY | {"presence_window": 0.01})
    alice = call(node.url, "alice")
    await alice.beat()
    async with open_raw(node.url, user="alice") as (raw, _):
        await raw.until(b"event: snapshot")
        for number, text in enumerate(TEXTS, 2):
            own = await alice.choose("dnd", text=text, emoji=text[:16])
            assert own["text"] == text
            assert (await alice.ask()).records["alice"]["text"] == text
            await raw.until(b'"version":%d}' % number)
    assert raw.fields(b"event") == [b"hello", b"snapshot", *[b"presence"] * len(TEXTS)]
    shown = [json.loads(data)["users"][0] for data in raw.fields(b"data")[2:]]
    assert [record["text"] for record in shown] == list(TEXTS)
    assert [record["emoji"] for record in shown] == [text[:16] for text in TEXTS]
    assert b"\r" not in raw.body
    assert b"\0" not in raw.body
    for frame in raw.frames:
        assert all(line.split(b": ")[0] in {b"retry", b"id", b"event", b"data"} for line in frame), frame
    async with open_raw(node.url, user="alice") as (raw, _):
        await raw.until(b"event: snapshot")
        assert raw.fields(b"event")[:2] == [b"hello", b"snapshot"]
        assert json.loads(raw.fields(b"data")[1])["users"][0]["text"] == TEXTS[-1]


@pytest.mark.parametrize("control", IN_IDS, ids=repr)
async def test_c24_control_characters_in_ids_are_refused(
    live: StartLive, events: Events, control: str
) -> None:
    """Of users, devices and channels, in bodies, queries and lists: by name, and nothing changes."""
    node = await live(**STAY)
    bad = f"a{control}b"
    async with (
        httpx.AsyncClient(base_url=node.url, params={"as": "alice"}, trust_env=False) as client,
        events(node.url, "alice", "ab", channels=["room", "ab"]) as watcher,
    ):
        for name in ("snapshot", "typing"):
            await watcher.next(name)
        bodies: tuple[tuple[str, str, dict[str, Any]], ...] = (
            ("heartbeat", "device", {"device": bad}),
            ("leave", "device", {"device": bad}),
            ("typing", "device", {"device": bad, "channel": "room", "typing": True}),
            ("typing", "channel", {"device": "laptop", "channel": bad, "typing": True}),
            ("status", "user", {"status": "dnd", "user": bad}),
            ("presence", "users", {"users": ["alice", bad]}),
        )
        for path, field, body in bodies:
            answer = await client.post(f"/v1/{path}", json=body)
            assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY, (path, answer.text)
            assert answer.json()["errors"][0]["field"].startswith(field), path
        for path, field in (
            ("events", "user"),
            ("events", "channel"),
            ("events", "device"),
            ("presence", "user"),
        ):
            answer = await client.get(f"/v1/{path}", params={"as": "alice", field: bad})
            assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY, (path, answer.text)
            assert "\n" not in answer.headers.get("content-type", "")
        for end in ("", "b"):  # nothing of an id is cut off
            path = quote(f"ab{control}{end}", safe="")
            for method, where in (("GET", f"channels/{path}"), ("POST", f"users/{path}/disconnect")):
                answer = await client.request(method, f"/v1/{where}")
                assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY, (where, answer.text)
        answer = await client.post("/v1/heartbeat", params={"as": bad}, json={"device": "laptop"})
        assert answer.status_code == httpx.codes.UNAUTHORIZED, "such a caller is nobody"
        await watcher.quiet(0.5)


@pytest.mark.parametrize("text", ["\0", "a\0b", f"{FORGED}\0"], ids=repr)
async def test_c24_nul_in_a_text_is_refused(live: StartLive, events: Events, text: str) -> None:
    node = await live(**STAY)
    async with (
        httpx.AsyncClient(base_url=node.url, params={"as": "alice"}, trust_env=False) as client,
        events(node.url, "alice") as watcher,
    ):
        await watcher.next("snapshot")
        await client.post("/v1/heartbeat", json={"device": "laptop"})
        await watcher.next("presence")
        for field in ("text", "emoji", "activity"):
            path, rest = (
                ("heartbeat", {"device": "d"}) if field == "activity" else ("status", {"status": "dnd"})
            )
            answer = await client.post(f"/v1/{path}", json={**rest, field: text})
            assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY, answer.text
            assert answer.json()["errors"][0]["field"] == field
        for path in ("status", "heartbeat"):
            body = b'{"status":"dnd","text":"%b","device":"%b"}' % (SURROGATE, SURROGATE)
            answer = await client.post(f"/v1/{path}", content=body, headers={"Content-Type": "text/plain"})
            assert answer.status_code in {400, 422}, answer.text
        await watcher.quiet(0.5)


async def test_c24_typists_with_strange_names(live: StartLive) -> None:
    """What an id may hold and a parser might trip over: one list for each change, names as they are."""
    node = await live(**STAY | {"typing_window": 0.01, "typing_ttl": 5})
    channel = "data: {}: \u2028 id: x"
    users = ["event: bye", ": comment", "\u2028\u2029", '"}]}', "\\n\\n", "🙂", "é"]
    async with open_raw(node.url, channel=channel) as (raw, _):
        await raw.until(b"event: channel")
        async with httpx.AsyncClient(base_url=node.url, trust_env=False) as client:
            for number, user in enumerate(users, 1):
                body = {"device": "laptop", "channel": channel, "typing": True}
                answer = await client.post("/v1/typing", params={"as": user}, json=body)
                assert answer.status_code == httpx.codes.OK, answer.text
                await raw.until(b'"count":%d}' % number)
    assert raw.fields(b"event")[2:] == [b"typing", b"channel", *[b"typing"] * len(users)]
    (told,) = json.loads(raw.fields(b"data")[-1])["channels"]
    assert told["channel"] == channel
    assert sorted(entry["user"] for entry in told["typing"]) == sorted(users)


async def test_c26_headers_and_the_first_event_do_not_wait(live: StartLive) -> None:
    """On a quiet system with nothing to tell: the best of several shows what the service takes."""
    node = await live(**STAY)
    headers, firsts = [], []
    for number in range(8):
        query: dict[str, Any] = {} if number % 2 else {"user": "alice", "channel": "room"}
        async with open_raw(node.url, **query) as (raw, _):
            headers.append(await raw.until(b"\r\n\r\n") - raw.asked)
            firsts.append(await raw.until(b"event: hello") - raw.asked)
            assert raw.received.index(b"retry: ") < raw.received.index(b"event: hello")
    assert min(headers) < 0.3
    assert min(firsts) < 0.5
    assert max(firsts) < LATE


async def test_c26_no_silence_longer_than_a_ping(live: StartLive, call: Call) -> None:
    """While nothing happens, and while things happen now and then: an event puts the next ping off."""
    node = await live(**STAY | {"ping": 1})
    async with open_raw(node.url, user="alice") as (quiet, _), open_raw(node.url, user="bob") as (busy, _):
        for status in ("dnd", "idle", "dnd"):
            await asyncio.sleep(1.4)
            await call(node.url, "bob").beat()
            await call(node.url, "bob").choose(status)
        await asyncio.sleep(2.5)
    for raw in (quiet, busy):
        gaps = [after - before for (before, _), (after, _) in itertools.pairwise(raw.pieces)]
        assert max(gaps) <= 1 + 1
        pings = raw.fields(b"event").count(b"ping")
        assert 2 <= pings <= raw.pieces[-1][0] - raw.asked + 1
