"""Signals: the answers of the contract, for oneself and by right for others."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from sse_presence.domain.rights import Rights
from tests.conftest import Live, StartLive
from tests.http.caller import SECRET, caller


async def record_of(client: httpx.AsyncClient, user: str) -> dict[str, Any]:
    answer = await client.get(
        "/v1/presence", params={"user": user, "as": "nobody"}, headers={"X-Presence-User": ""}
    )
    return dict(answer.json()["users"][0])


async def test_a_heartbeat_says_status_interval_and_time(alice: httpx.AsyncClient) -> None:
    answer = await alice.post("/v1/heartbeat", json={"device": "d"})
    assert answer.status_code == 200
    assert answer.json().keys() == {"status", "heartbeat_ms", "time"}
    assert answer.json()["status"] == "online"
    assert answer.json()["heartbeat_ms"] == 15_000
    assert answer.json()["time"] > 1_700_000_000_000


async def test_a_device_is_told_the_interval_that_it_declared(alice: httpx.AsyncClient) -> None:
    answer = await alice.post("/v1/heartbeat", json={"device": "d", "interval_ms": 5_000})
    assert answer.json()["heartbeat_ms"] == 5_000


async def test_all_fields_reach_the_record(alice: httpx.AsyncClient) -> None:
    beat = {
        "device": "d",
        "idle_ms": 200_000,
        "visible": False,
        "kind": "desktop",
        "activity": "in_call",
        "seq": 1,
    }
    assert (await alice.post("/v1/heartbeat", json=beat)).json()["status"] == "idle"
    record = await record_of(alice, "alice")
    assert (record["status"], record["devices"], record["activity"]) == ("idle", ["desktop"], "in_call")
    assert record["last_seen"] % 300_000 == 0


async def test_a_beacon_is_plain_text(alice: httpx.AsyncClient) -> None:
    headers = {"Content-Type": "text/plain;charset=UTF-8"}
    for path, body in (("/v1/heartbeat", b'{"device":"d"}'), ("/v1/leave", b'{"device":"d"}')):
        assert (await alice.post(path, content=body, headers=headers)).status_code == 200


async def test_outdated_signals_are_answered_and_ignored(alice: httpx.AsyncClient) -> None:
    await alice.post("/v1/heartbeat", json={"device": "d", "seq": 5})
    stale = (await alice.post("/v1/heartbeat", json={"device": "d", "seq": 4, "idle_ms": 200_000})).json()
    assert (stale["stale"], stale["seq"], stale["status"]) == (True, 5, "online")
    late = (await alice.post("/v1/leave", json={"device": "d", "seq": 4})).json()
    assert (late["stale"], late["seq"]) == (True, 5)
    assert "stale" not in (await alice.post("/v1/heartbeat", json={"device": "d", "seq": 5})).json()


async def test_typing_says_when_to_refresh(alice: httpx.AsyncClient) -> None:
    signal = {"device": "d", "channel": "c", "typing": True, "seq": 5}
    assert (await alice.post("/v1/typing", json=signal)).json() == {"expires_in": 6_000, "refresh_ms": 3_000}
    assert (await alice.post("/v1/typing", json=signal | {"typing": False, "seq": 6})).status_code == 200
    late = (await alice.post("/v1/typing", json=signal)).json()
    assert late == {"expires_in": 6_000, "refresh_ms": 3_000, "stale": True, "seq": 6}


async def test_a_leave_of_nobody_is_no_error(alice: httpx.AsyncClient) -> None:
    answer = await alice.post("/v1/leave", json={"device": "never seen"})
    assert (answer.status_code, answer.json().keys()) == (200, {"time"})


async def test_a_status_answers_ones_own_record(alice: httpx.AsyncClient) -> None:
    await alice.post("/v1/heartbeat", json={"device": "d"})
    answer = await alice.post("/v1/status", json={"status": "dnd", "text": "Writing", "expires_in": 60_000})
    record = answer.json()
    until = record["until"]
    assert record == {
        "user": "alice",
        "status": "dnd",
        "text": "Writing",
        "until": until,
        "devices": ["web"],
        "override": {"status": "dnd", "text": "Writing", "until": until},
        "version": 2,
    }
    assert "override" not in await record_of(alice, "alice")
    cleared = (await alice.post("/v1/status", json={"status": "online", "text": None, "emoji": ""})).json()
    assert cleared == {"user": "alice", "status": "online", "devices": ["web"], "version": 3}


@pytest.mark.parametrize(
    "text", ["a\r\nb", "data: x\n\nevent: bye\ndata: {}\n\n", "\x1b[31m\x7f\x85", "“é🙂”\u2028\\", " ", '"}']
)
async def test_text_comes_back_as_it_was_sent(alice: httpx.AsyncClient, text: str) -> None:
    await alice.post("/v1/heartbeat", json={"device": "d"})
    own = (await alice.post("/v1/status", json={"status": "dnd", "text": text})).json()
    assert own["text"] == own["override"]["text"] == text
    assert (await record_of(alice, "alice"))["text"] == text


@pytest.mark.parametrize("device", ["*", "a,b", "a:b", "{0}:m", "a/b", "%00", "🙂", "..", "x" * 128])
async def test_ids_are_data(alice: httpx.AsyncClient, device: str) -> None:
    headers = {"X-Presence-User": ""}
    for user in (device, f"{device[:-1]}!"):
        answer = await alice.post(
            "/v1/heartbeat", params={"as": user}, json={"device": device}, headers=headers
        )
        assert answer.json()["status"] == "online"
    await alice.post("/v1/status", params={"as": device}, json={"status": "dnd"}, headers=headers)
    assert (await record_of(alice, device))["status"] == "dnd"
    assert (await record_of(alice, f"{device[:-1]}!"))["status"] == "online"


@pytest.fixture
async def by_token(live: StartLive) -> Live:
    return await live(auth="jwt", jwt_secret=SECRET)


SIGNALS: dict[str, dict[str, Any]] = {
    "/v1/heartbeat": {"device": "d"},
    "/v1/status": {"status": "dnd"},
    "/v1/typing": {"device": "d", "channel": "c", "typing": True},
    "/v1/leave": {"device": "d"},
}


async def test_c40_nobody_signals_for_another(by_token: Live) -> None:
    rights = Rights(watch_prefix="", channel_prefix="", roles=frozenset({"monitor", "admin"}))
    async with caller(by_token, "alice", rights) as alice:
        for path, body in SIGNALS.items():
            for answer in (
                await alice.post(path, json=body | {"user": "bob"}),
                await alice.post(path, json=body, params={"user": "bob"}),
            ):
                assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
                assert "'bob'" in answer.json()["detail"]
            assert (await alice.post(path, json=body, params={"as": "bob"})).status_code == 422
            spoofed = await alice.post(path, json=body, headers={"X-Presence-User": "bob"})
            assert spoofed.status_code == 200
        records = (await alice.get("/v1/presence?user=alice&user=bob")).json()["users"]
        assert [record["version"] > 0 for record in records] == [True, False]


async def test_oneself_may_be_named(by_token: Live) -> None:
    async with caller(by_token, "alice", Rights(channels=frozenset({"c"}))) as alice:
        for path, body in SIGNALS.items():
            answer = await alice.post(path, json=body | {"user": "alice"}, params={"user": "alice"})
            assert answer.status_code == 200


async def test_a_publisher_signals_for_others(by_token: Live) -> None:
    async with caller(
        by_token, "backend", Rights(watch_prefix="", channel_prefix="", roles=frozenset({"publish"}))
    ) as backend:
        for path, body in SIGNALS.items():
            answer = await backend.post(path, json=body | {"user": "bob"})
            assert answer.status_code == 200
            if path == "/v1/status":
                assert answer.json()["user"] == "bob"
        records = (await backend.get("/v1/presence?user=bob&user=backend")).json()["users"]
        assert [record["status"] for record in records] == ["dnd", "offline"]


async def test_typing_takes_a_right_to_the_channel(by_token: Live) -> None:
    async with caller(by_token, "alice", Rights(channels=frozenset({"c"}))) as alice:
        signal = {"device": "d", "channel": "secret", "typing": True}
        for typing in (True, False):
            answer = await alice.post("/v1/typing", json=signal | {"typing": typing})
            assert answer.status_code == 403
            assert "'secret'" in answer.json()["detail"]
        assert (await alice.post("/v1/typing", json=signal | {"channel": "c"})).status_code == 200


async def test_answers_are_json(alice: httpx.AsyncClient) -> None:
    for path, body in SIGNALS.items():
        answer = await alice.post(path, json=body)
        assert answer.headers["content-type"] == "application/json"
        json.loads(answer.content)
