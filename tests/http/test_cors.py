"""Pages of listed origins read every answer, refusals and streams too; all others read nothing."""

from __future__ import annotations

from collections.abc import Awaitable

import pytest
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from sse_presence.app import create_app
from sse_presence.domain.rights import Identity
from sse_presence.http.cors import CrossOrigin, Sharing
from sse_presence.settings import Settings
from tests.conftest import Events, StartLive
from tests.http.caller import SECRET
from tests.http.wire import Answer, send

APP = "https://app.example"
OTHER = "https://other.example"

FOREIGN = [
    "https://evil.example",
    "null",
    "https://app.example.evil.example",
    "https://app.example:8443",
    "http://app.example",
    "HTTPS://APP.EXAMPLE",
    "https://app.example/",
    "*",
]


def shared(answer: Answer) -> dict[str, str]:
    """The headers that concern browsers."""
    return {name: value for name, value in answer.headers.items() if name.startswith("access-control-")}


def grant(origin: str) -> dict[str, str]:
    """What lets a page read an answer."""
    return {
        "access-control-allow-origin": origin,
        "access-control-allow-credentials": "true",
        "access-control-expose-headers": "Retry-After",
    }


@pytest.mark.parametrize("origin", [APP, OTHER])
async def test_a_preflight_names_what_is_allowed(live: StartLive, origin: str) -> None:
    """Without credentials, for browsers send none with it."""
    service = await live(auth="jwt", jwt_secret=SECRET, origins=f"{APP},{OTHER}")
    for path in (b"/v1/heartbeat", b"/v1/events?user=alice", b"/v1/interests/x"):
        answer = await send(
            service.url,
            "OPTIONS",
            path,
            x_presence_user="",
            origin=origin,
            access_control_request_method="PATCH",
            access_control_request_headers="last-event-id",
        )
        assert (answer.status, answer.body, answer.headers["vary"]) == (204, b"", "Origin")
        assert shared(answer).items() >= grant(origin).items()
        allowed = answer.headers["access-control-allow-headers"].split(", ")
        assert {"last-event-id", "authorization", "content-type", "x-presence-user"} == set(allowed)
        methods = answer.headers["access-control-allow-methods"].split(", ")
        assert {"GET", "HEAD", "POST", "PATCH"} <= set(methods)
        assert int(answer.headers["access-control-max-age"]) > 0


@pytest.mark.parametrize("origins", ["", APP])
async def test_a_foreign_page_reads_nothing(live: StartLive, origins: str) -> None:
    service = await live(auth="jwt", jwt_secret=SECRET, origins=origins)
    for origin in FOREIGN:
        preflight = {"access_control_request_method": "POST", "origin": origin}
        refused = await send(service.url, "OPTIONS", b"/v1/heartbeat", **preflight)
        assert (refused.status, refused.data["code"]) == (403, "forbidden")
        assert "SSE_PRESENCE_ORIGINS" in refused.data["detail"]
        for answer in (refused, await send(service.url, "GET", b"/healthz", origin=origin)):
            assert shared(answer) == {}
            assert answer.headers.get("vary") == ("Origin" if origins else None)


async def test_whoever_keeps_answers_knows_that_they_differ(live: StartLive) -> None:
    """Also those that were asked for without an origin: they may not be given to a page that has one."""
    service = await live(origins=APP)
    for path in (b"/", b"/healthz", b"/nowhere", b"/v1/presence?user=bob"):
        answer = await send(service.url, "GET", path)
        assert (answer.headers["vary"], shared(answer)) == ("Origin", {})


async def test_refusals_can_be_read_too(live: StartLive) -> None:
    service = await live(origins=APP)
    cases: list[tuple[int, str, bytes, bytes | None]] = [
        (200, "GET", b"/v1/presence?user=bob", None),
        (200, "POST", b"/v1/heartbeat", b'{"device":"d"}'),
        (200, "HEAD", b"/v1/events?user=bob", None),
        (200, "GET", b"/", None),
        (400, "POST", b"/v1/heartbeat", b"{"),
        (401, "GET", b"/v1/presence?user=bob", None),
        (404, "GET", b"/v1/nowhere", None),
        (405, "GET", b"/v1/heartbeat", None),
        (413, "POST", b"/v1/heartbeat", b" " * 300_000),
        (414, "GET", b"/v1/events?" + b"x" * 20_000, None),
        (422, "POST", b"/v1/heartbeat", b'{"device":""}'),
    ]
    for status, method, path, body in cases:
        me = "" if status == 401 else "alice"
        answer = await send(
            service.url, method, path, body, origin=APP, sec_fetch_site="cross-site", x_presence_user=me
        )
        assert answer.status == status, answer
        assert (shared(answer), answer.headers["vary"]) == (grant(APP), "Origin")


async def test_faults_can_be_read_too() -> None:
    """That it was no fault of the network is what a page has to know."""
    sent: list[Message] = []

    async def fail(_: Request) -> Identity:
        raise ZeroDivisionError

    async def nothing() -> Message:
        return {"type": "http.request", "body": b""}

    async def keep(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "path": "/v1/presence",
        "query_string": b"",
        "headers": [(b"origin", APP.encode())],
    }
    with pytest.raises(ZeroDivisionError):
        await create_app(Settings(origins=(APP,)), fail)(scope, nothing, keep)
    assert sent[0]["status"] == 500
    assert dict(Headers(raw=sent[0]["headers"])).items() >= grant(APP).items()


async def test_trouble_with_the_store_can_be_read_too(live: StartLive) -> None:
    service = await live(redis_url="redis://127.0.0.1:1/0", origins=APP)
    answer = await send(service.url, "POST", b"/v1/heartbeat", b'{"device":"d"}', origin=APP)
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")
    assert shared(answer) == grant(APP)


async def test_a_stream_can_be_read(live: StartLive, events: Events) -> None:
    service = await live(origins=APP)
    async with events(service.url, "alice", headers={"Origin": APP}) as stream:
        assert stream.response.headers["access-control-allow-origin"] == APP
        assert stream.response.headers["x-accel-buffering"] == "no"
        await stream.next("snapshot")


async def test_nothing_is_in_the_way_where_no_origin_is_listed() -> None:
    given: list[object] = []

    def app(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        given.extend((scope, receive, send))
        return receive()  # type: ignore[return-value]

    async def nothing() -> Message:
        return {}

    async def sent(_: Message) -> None: ...

    scope = {"type": "http", "method": "GET", "headers": [(b"origin", APP.encode())]}
    await CrossOrigin(app, Sharing(()))(scope, nothing, sent)
    assert given[0] is scope
    assert given[1:] == [nothing, sent]
