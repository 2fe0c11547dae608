"""Identity comes from credentials only."""

from __future__ import annotations

import time

import jwt
import pytest
from starlette.requests import Request

from sse_presence.domain.rights import EVERYTHING
from sse_presence.errors import Forbidden, Invalid, Malformed, Unauthenticated
from sse_presence.http.auth import authenticator
from sse_presence.settings import Settings
from tests.http.caller import SECRET

OPEN = authenticator(Settings())
BY_TOKEN = authenticator(Settings(auth="jwt", jwt_secret=SECRET, origins=("https://app.example",)))


def token(user: str) -> str:
    return jwt.encode({"sub": user, "iat": int(time.time()), "exp": int(time.time()) + 60}, SECRET, "HS256")


def request(
    headers: dict[str, str] | None = None,
    *,
    query: bytes = b"",
    method: str = "GET",
    path: str = "/v1/presence",
    root: str = "",
) -> Request:
    raw = [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()]
    place = {"path": root + path, "root_path": root}
    return Request({"type": "http", "method": method, **place, "query_string": query, "headers": raw})


async def test_open_mode_believes_header_and_query() -> None:
    caller = await OPEN(request({"X-Presence-User": "alice"}))
    assert (caller.user, caller.rights, caller.expires) == ("alice", EVERYTHING, None)
    assert (await OPEN(request(query=b"as=zo%C3%AB"))).user == "zoë"
    assert (await OPEN(request({"X-Presence-User": "zoë"}))).user == "zoë"


async def test_the_header_counts_before_the_query() -> None:
    assert (await OPEN(request({"X-Presence-User": "alice"}, query=b"as=bob"))).user == "alice"


async def test_open_mode_needs_a_name() -> None:
    for nobody in (request(), request({"X-Presence-User": ""}), request(query=b"as=")):
        with pytest.raises(Unauthenticated, match="as=alice"):
            await OPEN(nobody)


async def test_a_bad_name_is_refused() -> None:
    with pytest.raises(Unauthenticated, match="128 bytes"):
        await OPEN(request({"X-Presence-User": "x" * 129}))
    with pytest.raises(Unauthenticated, match="control"):
        await OPEN(request(query=b"as=%00"))
    with pytest.raises(Invalid, match="once"):
        await OPEN(request(query=b"as=a&as=b"))
    with pytest.raises(Malformed, match="UTF-8"):
        await OPEN(request(query=b"as=%ff"))
    broken = Request({"type": "http", "query_string": b"", "headers": [(b"x-presence-user", b"\xff")]})
    with pytest.raises(Unauthenticated, match="UTF-8"):
        await OPEN(broken)


async def test_tokens_come_by_header_or_cookie() -> None:
    assert (await BY_TOKEN(request({"Authorization": f"Bearer {token('alice')}"}))).user == "alice"
    assert (await BY_TOKEN(request({"Authorization": f"bearer  {token('alice')} "}))).user == "alice"
    assert (await BY_TOKEN(request({"Cookie": f"a=b; presence_token={token('bob')}"}))).user == "bob"


async def test_the_header_counts_before_the_cookie() -> None:
    both = {"Authorization": f"Bearer {token('alice')}", "Cookie": f"presence_token={token('bob')}"}
    assert (await BY_TOKEN(request(both))).user == "alice"
    with pytest.raises(Unauthenticated):
        await BY_TOKEN(request(both | {"Authorization": "Bearer nonsense"}))


async def test_another_scheme_is_for_a_proxy_on_the_way() -> None:
    headers = {"Authorization": "Basic YTpi", "Cookie": f"presence_token={token('bob')}"}
    assert (await BY_TOKEN(request(headers))).user == "bob"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer "},
        {"Cookie": "presence_token="},
        {"X-Presence-User": "alice"},
    ],
)
async def test_without_a_token_nobody_calls(headers: dict[str, str]) -> None:
    with pytest.raises(Unauthenticated):
        await BY_TOKEN(request(headers, query=f"as=alice&token={token('alice')}".encode()))


@pytest.mark.parametrize("root", ["", "/mounted"])
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/v1/heartbeat"), ("GET", "/v1/events"), ("GET", "/v1/poll")]
)
async def test_a_cookie_writes_and_streams_for_known_origins_only(method: str, path: str, root: str) -> None:
    cookie = {"Cookie": f"presence_token={token('bob')}", "Host": "presence.example"}
    for known in ({}, {"Origin": "https://app.example"}, {"Origin": "https://presence.example"}):
        assert (await BY_TOKEN(request(cookie | known, method=method, path=path, root=root))).user == "bob"
    for foreign in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        with pytest.raises(Forbidden, match="SSE_PRESENCE_ORIGINS"):
            await BY_TOKEN(request(cookie | foreign, method=method, path=path, root=root))
        bearer = foreign | {"Authorization": f"Bearer {token('alice')}"}
        assert (await BY_TOKEN(request(bearer, method=method, path=path, root=root))).user == "alice"


async def test_a_cookie_reads_for_all() -> None:
    headers = {"Cookie": f"presence_token={token('bob')}", "Origin": "https://elsewhere.example"}
    for path in ("/v1/presence", "/v1/channels/v1/events", "/v1/channels/a/v1/poll"):
        assert (await BY_TOKEN(request(headers, path=path))).user == "bob"
