"""Queries: in order, once each, true for oneself, and whole or not at all."""

from __future__ import annotations

from urllib.parse import quote

import httpx

from sse_presence.domain.rights import Rights
from tests.conftest import StartLive
from tests.http.caller import SECRET, caller


async def test_get_and_post_answer_alike(alice: httpx.AsyncClient) -> None:
    await alice.post("/v1/heartbeat?as=bob", json={"device": "d"}, headers={"X-Presence-User": ""})
    names = ["zoë", "bob", "carol", "bob"]
    got = (await alice.get("/v1/presence", params=[("user", name) for name in names])).json()
    posted = (await alice.post("/v1/presence", json={"users": names})).json()
    assert got["users"] == posted["users"]
    assert got["users"] == [
        {"user": "zoë", "status": "offline", "version": 0},
        {"user": "bob", "status": "online", "devices": ["web"], "version": 1},
        {"user": "carol", "status": "offline", "version": 0},
    ]
    assert got.keys() == {"users", "channels", "time"}
    assert got["time"] > 1_700_000_000_000


async def test_oneself_is_seen_truly_and_others_as_all_see_them(alice: httpx.AsyncClient) -> None:
    for user in ("alice", "bob"):
        headers = {"X-Presence-User": user}
        await alice.post("/v1/heartbeat", json={"device": "d"}, headers=headers)
        await alice.post("/v1/status", json={"status": "invisible"}, headers=headers)
    users = (await alice.get("/v1/presence?user=bob&user=alice")).json()["users"]
    assert [user["user"] for user in users] == ["bob", "alice"]
    assert users[0]["status"] == "online"  # in its grace
    assert (users[1]["status"], users[1]["override"]) == ("invisible", {"status": "invisible"})


async def test_a_query_for_nobody_tells_the_time(alice: httpx.AsyncClient) -> None:
    for answer in (await alice.get("/v1/presence"), await alice.post("/v1/presence", json={})):
        assert answer.json()["users"] == []
        assert answer.json()["time"] > 1_700_000_000_000


async def test_the_limit_counts_distinct_users_and_is_named(alice: httpx.AsyncClient) -> None:
    users = [f"user-{number}" for number in range(1_000)]
    answer = await alice.post("/v1/presence", json={"users": users + users})
    assert [record["user"] for record in answer.json()["users"]] == users
    answer = await alice.post("/v1/presence", json={"users": [*users, "one more"]})
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"field": "users", "detail": "may name 1000 users, and names 1001"}]


async def test_who_may_not_be_watched_is_named(live: StartLive) -> None:
    service = await live(auth="jwt", jwt_secret=SECRET)
    async with caller(service, "alice", Rights(watch=frozenset({"bob"}), watch_prefix="team:")) as client:
        assert (await client.get("/v1/presence?user=bob&user=alice&user=team:x")).status_code == 200
        answer = await client.get("/v1/presence?user=bob&user=carol&user=teal")
        assert answer.status_code == 403
        assert "'carol', 'teal'" in answer.json()["detail"]
        assert "bob" not in answer.json()["detail"]
        strangers = [f"stranger-{n}" for n in range(500)]
        answer = await client.post("/v1/presence", json={"users": ["bob", *strangers]})
        assert "and 490 more" in answer.json()["detail"]
        assert answer.json()["denied"] == {"users": strangers}  # programs let all of them go at once
        answer = await client.get("/v1/events?user=bob&channel=vault&members=vault")
        assert answer.json()["denied"] == {"channels": ["vault"]}


async def test_channels_are_answered_as_by_themselves(alice: httpx.AsyncClient) -> None:
    typing = {"device": "d", "channel": "room", "typing": True}
    await alice.post("/v1/typing", json=typing, headers={"X-Presence-User": "bob"})
    names = ["room", "a/b", "room"]
    answer = (await alice.post("/v1/presence", json={"channels": names})).json()
    assert answer["users"] == []
    assert [channel["channel"] for channel in answer["channels"]] == ["room", "a/b"]
    assert [len(channel["typing"]) for channel in answer["channels"]] == [1, 0]
    for name, shown in zip(names, answer["channels"], strict=False):
        alone = (await alice.get(f"/v1/channels/{quote(name, safe='')}")).json()
        assert alone.keys() == shown.keys() == {"channel", "count", "members", "typing"}


async def test_the_limit_of_channels_is_named(alice: httpx.AsyncClient) -> None:
    channels = [f"room-{number}" for number in range(101)]
    assert (await alice.post("/v1/presence", json={"channels": channels[1:]})).status_code == 200
    answer = await alice.post("/v1/presence", json={"channels": channels})
    assert answer.json()["errors"] == [
        {"field": "channels", "detail": "may name 100 channels, and names 101"}
    ]


async def test_channels_take_the_right_to_them(live: StartLive) -> None:
    service = await live(auth="jwt", jwt_secret=SECRET)
    async with caller(service, "alice", Rights(channels=frozenset({"room"}))) as client:
        assert (await client.post("/v1/presence", json={"channels": ["room"]})).status_code == 200
        refused = await client.post("/v1/presence", json={"users": ["alice"], "channels": ["room", "vault"]})
        assert refused.status_code == 403
        assert "'vault'" in refused.json()["detail"]
