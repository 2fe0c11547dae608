"""Bad input on every route: a 4xx that says what is wrong, nothing changed, nobody else disturbed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import Events, StartLive
from tests.http.wire import Answer, Wire, request, send

BODIES: dict[str, dict[str, Any]] = {
    "/v1/heartbeat": {
        "device": "d",
        "idle_ms": 1,
        "visible": True,
        "kind": "web",
        "interval_ms": 15_000,
        "activity": "in_call",
        "seq": 1,
        "channels": ["c"],
    },
    "/v1/status": {"status": "dnd", "text": "t", "emoji": "e", "expires_in": 60_000},
    "/v1/typing": {"device": "d", "channel": "c", "typing": True, "seq": 1},
    "/v1/leave": {"device": "d", "seq": 1},
    "/v1/presence": {"users": ["bob"], "channels": ["c"]},
    "/v1/interests": {"users": ["bob"], "channels": ["c"], "members": ["c"]},
}
SIGNALS = BODIES.keys() - {"/v1/presence", "/v1/interests"}
IDS = {"device", "channel", "user"}
TEXTS = IDS | {"status", "text", "emoji", "kind", "activity"}
LISTS = {"users", "channels", "members"}
NUMBERS = {"idle_ms", "interval_ms", "seq", "expires_in"}
CLAMPED = {"idle_ms"}
LONG = "9" * 5_000

QUERIES = {
    "/v1/presence": ["user"],
    "/v1/events": ["user", "channel", "members", "device"],
    "/v1/poll": ["user", "channel", "members", "device"],
}


def problem(answer: Answer, what: object) -> dict[str, Any]:
    """Check that an answer is a proper refusal."""
    assert 400 <= answer.status < 500, (what, answer)
    assert answer.headers["content-type"] == "application/problem+json", what
    data: dict[str, Any] = answer.data
    assert data["status"] == answer.status, what
    assert data["code"], what
    assert len(data["detail"]) > 10, what
    return data


def broken_fields(route: str) -> Iterator[tuple[str, bytes]]:
    """Field → a body in which only this is wrong."""
    good = BODIES[route] | ({"user": "alice"} if route in SIGNALS else {})
    for field, value in good.items():
        wrong: list[Any] = [{}, {"a": 1}, *([] if field in LISTS else [[], [value]])]
        if field in LISTS:
            wrong += [[""], [7], [None], [["a"]], [{}], ["a\0b"], ["a", "x" * 129], "a", 7, True]
            wrong += [[f"{number}" for number in range(10_001)]]
        wrong += [7, True] if field in TEXTS else ["7"]
        wrong += [1.5, "x", 10**30] if field in NUMBERS - CLAMPED else []
        wrong += [-1] if field in NUMBERS - CLAMPED else []
        wrong += ["", "a\0b", "a\r\nb", "x" * 129, "\x7f", "\x85"] if field in IDS else []
        wrong += ["a\0b", "x" * 200] if field in TEXTS else []
        wrong += [None] if field in {"device", "channel", "status", "typing"} else []
        for bad in wrong:
            yield field, json.dumps(good | {field: bad}).encode()
        if field in NUMBERS:
            marked = json.dumps(good | {field: "MARK"})
            yield field, marked.replace('"MARK"', LONG).encode()
            yield field, marked.replace('"MARK"', f"-{LONG}").encode()


def unreadable(route: str) -> Iterator[tuple[str, bytes]]:
    """Code → a body that cannot be read at all, or that is of another shape."""
    good = json.dumps(BODIES[route])
    yield "malformed", b""
    yield "malformed", b"device=d"
    yield "malformed", good[:-1].encode()
    yield "malformed", good.encode() + b"{}"
    yield "malformed", good.encode("utf-16")
    yield "malformed", b"\xef\xbb\xbf" + good.encode()
    yield "malformed", b"\0" + good.encode()
    name, value = next(iter(BODIES[route].items()))
    yield "malformed", f'{good[:-1]},"{name}":{json.dumps(value)}}}'.encode()
    for bad in (
        "NaN",
        "Infinity",
        "-Infinity",
        "'a'",
        '"a\0"',
        '"\\ud800"',
        '"\\udfff x"',
        '"\\x"',
        '"\xff"',
    ):
        yield "malformed", f'{{"{name}":{bad if isinstance(value, str) else f"[{bad}]"}}}'.encode("latin-1")
    for body in (b"[]", b"null", b"7", b'"x"', b"[" * 200_000, b'[{"a":' * 40_000):
        yield "invalid", body
    yield "invalid", good.replace("{", '{"unheard_of":1,', 1).encode()
    yield "invalid", b'{"x":' * 40_000
    yield "invalid", good.replace("{", '{"x":' + "[" * 100_000, 1).encode()
    yield "too-large", b" " * (257 * 1024)
    yield "too-large", good.encode() + b" " * (257 * 1024)


async def test_bad_bodies_change_nothing_and_disturb_nobody(live: StartLive, events: Events) -> None:
    service = await live()
    async with events(service.url, "alice", channels=["c"], me="bob") as watcher:
        await watcher.next("snapshot")
        wire = await Wire.to(service.url)
        for route, good in BODIES.items():
            for field, body in broken_fields(route):
                data = problem(
                    await wire.answer(request("POST", route.encode(), body)), (route, field, body[:200])
                )
                assert data["code"] == "invalid", (route, body[:200], data)
                assert data["errors"][0]["field"].split("[")[0] == field, (route, body[:200], data)
            for code, body in unreadable(route):
                data = problem(await wire.answer(request("POST", route.encode(), body)), (route, body[:200]))
                assert data["code"] == code, (route, body[:200], data)
            for media_type in ("", "text/html", "application/x-www-form-urlencoded", "application/json-seq"):
                body = json.dumps(good).encode()
                answer = await wire.answer(request("POST", route.encode(), body, content_type=media_type))
                assert problem(answer, (route, media_type))["code"] == "unsupported-type"
        await wire.close()
        answer = await send(service.url, "GET", b"/v1/presence?user=alice")
        assert answer.data["users"] == [{"user": "alice", "status": "offline", "version": 0}]
        await watcher.quiet(0.5)
        await send(service.url, "POST", b"/v1/heartbeat", b'{"device":"d"}')
        assert (await watcher.record("alice"))["version"] == 1


async def test_bad_queries(live: StartLive) -> None:
    service = await live(max_query_users=3, max_interest_users=3)
    bad = [
        b"%",
        b"%z",
        b"%zz",
        b"%ff",
        b"%ed%a0%80",
        b"%00",
        b"a%0d%0aevent:x",
        b"%7f",
        b"%c2%85",
        b"",
        b"x" * 129,
    ]
    for route, names in QUERIES.items():
        for name in names:
            for value in bad:
                target = f"{route}?user=ok&{name}=".encode() + value
                data = problem(await send(service.url, "GET", target), target)
                assert name in data["detail"], (target, data)
        for unknown in ("users", "USER", "tickets", "x%00", "%F0%9F%99%82", "x" * 5_000):
            data = problem(await send(service.url, "GET", f"{route}?user=a&{unknown}=1".encode()), unknown)
            assert data["code"] == "invalid"
            assert len(data["detail"]) < 200
        many = "&".join(f"user={number}" for number in range(4))
        assert "3" in problem(await send(service.url, "GET", f"{route}?{many}".encode()), many)["detail"]


async def test_one_parameter_is_not_two(live: StartLive) -> None:
    service = await live()
    for query in (b"device=a&device=b", b"as=a&as=b"):
        answer = await send(service.url, "GET", b"/v1/events?user=a&" + query, x_presence_user="")
        problem(answer, query)


@pytest.mark.parametrize(
    ("method", "route"),
    [
        ("GET", "/v1/presence"),
        ("GET", "/v1/events"),
        ("POST", "/v1/heartbeat"),
        ("POST", "/v1/leave"),
        ("GET", "/healthz"),
        ("GET", "/"),
        ("GET", "/nowhere"),
        ("HEAD", "/v1/events"),
    ],
)
async def test_a_target_over_the_limit_is_never_cut(live: StartLive, method: str, route: str) -> None:
    service = await live()
    fits = f"{route}?" + "x" * (16_384 - len(route) - 1)
    body = b"{}" if method == "POST" else None
    assert (await send(service.url, method, fits.encode(), body)).status != 414
    for size in (1, 1_000):
        answer = await send(service.url, method, fits.encode() + b"x" * size, body)
        assert answer.status == 414
        assert method == "HEAD" or problem(answer, route)["code"] == "target-too-long"


async def test_a_long_path_counts(live: StartLive) -> None:
    service = await live()
    assert (await send(service.url, "GET", b"/v1/" + b"x" * 17_000)).status == 414


async def test_a_body_without_length_is_limited_too(live: StartLive) -> None:
    """The answer comes as soon as the limit is passed, and the connection can be used on."""
    service = await live(max_body=1_000)
    wire = await Wire.to(service.url)
    head = request("POST", b"/v1/heartbeat", b"", content_length="", transfer_encoding="chunked")
    chunk = b"64\r\n" + b" " * 100 + b"\r\n"
    answer = await wire.answer(head, *[chunk] * 11)
    assert problem(answer, "chunked")["code"] == "too-large"
    again = request("POST", b"/v1/heartbeat", b'{"device":"d"}')
    assert (await wire.answer(*[chunk] * 100, b"0\r\n\r\n", again)).status == 200
    await wire.close()


async def test_a_peer_that_leaves_amid_its_body_is_no_fault(live: StartLive) -> None:
    service = await live()
    wire = await Wire.to(service.url)
    await Wire.answer(wire, request("GET", b"/healthz"))
    wire._writer.write(request("POST", b"/v1/heartbeat", b'{"device"', content_length="1000"))
    await wire.close()
    assert (await send(service.url, "GET", b"/v1/presence?user=alice")).data["users"][0]["version"] == 0


async def test_headers_are_bytes(live: StartLive) -> None:
    service = await live()
    assert (await send(service.url, "GET", b"/v1/presence?user=alice", x_presence_user=b"\xff")).status == 401
    answer = await send(service.url, "POST", b"/v1/heartbeat", b'{"device":"d"}', x_presence_user="zoë")
    assert answer.status == 200
    answer = await send(service.url, "GET", b"/v1/presence?user=zo%C3%AB")
    assert answer.data["users"][0]["status"] == "online"
