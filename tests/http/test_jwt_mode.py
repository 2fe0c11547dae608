"""jwt mode on the wire: by header and by cookie, and never a secret in a log or an answer."""

from __future__ import annotations

import logging

import httpx
import pytest

from sse_presence.domain.rights import EVERYTHING, Rights
from sse_presence.http.mint import mint
from sse_presence.settings import Settings
from tests.conftest import Events, Serve, StartLive
from tests.http.caller import SECRET
from tests.http.wire import send

SETTINGS = Settings(auth="jwt", jwt_secret=SECRET)
APP = "https://app.example"


@pytest.mark.parametrize("token", ["", "nonsense", mint(SETTINGS, "alice", EVERYTHING, lifetime=-10)])
async def test_without_a_good_token_nothing_is_answered(live: StartLive, token: str) -> None:
    service = await live(auth="jwt", jwt_secret=SECRET)
    calls: list[tuple[str, bytes, bytes | None]] = [
        ("GET", b"/v1/presence?user=a", None),
        ("GET", b"/v1/events?user=a", None),
    ]
    calls += [("POST", path, b'{"device":"d"}') for path in (b"/v1/heartbeat", b"/v1/leave", b"/v1/presence")]
    for method, path, body in calls:
        for credentials in ({"authorization": f"Bearer {token}"}, {"cookie": f"presence_token={token}"}):
            answer = await send(service.url, method, path, body, **credentials)
            assert (answer.status, answer.data["code"]) == (401, "unauthenticated")
            assert answer.headers["www-authenticate"] == 'Bearer realm="presence"'
            assert not token or token not in answer.body.decode()


async def test_a_token_is_never_taken_from_a_url(live: StartLive) -> None:
    service = await live(auth="jwt", jwt_secret=SECRET)
    token = mint(SETTINGS, "alice", EVERYTHING)
    for name in ("token", "access_token", "presence_token", "as", "ticket"):
        answer = await send(service.url, "GET", f"/v1/presence?user=a&{name}={token}".encode())
        assert answer.status == 401
        bearer = {"authorization": f"Bearer {token}"}
        answer = await send(service.url, "GET", f"/v1/presence?user=a&{name}={token}".encode(), **bearer)
        assert answer.status == 422
        assert token not in answer.body.decode()


async def test_a_cookie_serves_own_and_listed_origins(live: StartLive, events: Events) -> None:
    service = await live(auth="jwt", jwt_secret=SECRET, origins=APP)
    cookie = {"Cookie": f"presence_token={mint(SETTINGS, 'alice', Rights())}"}
    async with httpx.AsyncClient(base_url=service.url, headers=cookie) as client:
        for origin in (APP, service.url):
            beat = await client.post("/v1/heartbeat", json={"device": "d"}, headers={"Origin": origin})
            assert beat.status_code == 200
            async with events(service.url, "alice", me="", headers=cookie | {"Origin": origin}) as stream:
                assert (await stream.record("alice"))["status"] == "online"
        for foreign in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            for answer in (
                await client.post("/v1/status", json={"status": "dnd"}, headers=foreign),
                await client.get("/v1/events?user=alice", headers=foreign),
                await client.head("/v1/events?user=alice", headers=foreign),
            ):
                assert answer.status_code == 403
            assert (await client.get("/v1/presence?user=alice", headers=foreign)).status_code == 200
        record = (await client.get("/v1/presence?user=alice")).json()["users"][0]
        assert record["status"] == "online"


async def test_streams_take_the_same_rights_as_queries(live: StartLive) -> None:
    service = await live(auth="jwt", jwt_secret=SECRET)
    bearer = {"authorization": f"Bearer {mint(SETTINGS, 'alice', Rights(watch=frozenset({'bob'})))}"}
    for path, named in ((b"?user=bob&user=carol", "carol"), (b"?channel=room", "room")):
        answer = await send(service.url, "GET", b"/v1/events" + path, **bearer)
        assert (answer.status, answer.data["code"]) == (403, "forbidden")
        assert named in answer.data["detail"]


async def test_no_secret_is_logged(serve: Serve) -> None:
    """C39: whatever is sent, and however much is logged."""
    service = serve("--port", "0", "--log-level", "debug", auth="jwt", jwt_secret=SECRET)
    good, expired = (mint(SETTINGS, "alice", EVERYTHING, lifetime=lifetime) for lifetime in (600, -10))
    for token in (good, expired, good[:-3] + "xyz"):
        for method, path, body in (
            ("POST", f"/v1/heartbeat?ticket={token}", b'{"device":"d"}'),
            ("POST", "/v1/heartbeat", b'{"device":"d","token":"%b"}' % token.encode()),
            ("GET", f"/v1/presence?user={token[:100]}&{token}=1", None),
            ("GET", f"/v1/{token}", None),
        ):
            for credentials in ({"authorization": f"Bearer {token}"}, {"cookie": f"presence_token={token}"}):
                await send(service.url, method, path.encode(), body, **credentials)
    service.stop()
    pieces = [piece for token in (good, expired) for piece in token.split(".")]
    assert not [piece for piece in (SECRET, *pieces) if piece in service.log]


async def test_no_secret_is_logged_in_the_tests_own_process(
    live: StartLive, caplog: pytest.LogCaptureFixture
) -> None:
    service = await live(auth="jwt", jwt_secret=SECRET)
    token = mint(SETTINGS, "alice", EVERYTHING)
    with caplog.at_level(logging.DEBUG):
        for text in (token, token[:-3] + "xyz"):
            await send(service.url, "GET", b"/v1/presence?user=a", authorization=f"Bearer {text}")
    assert token.split(".")[1] not in caplog.text
    assert SECRET not in repr(service.app.state.presence.settings)
