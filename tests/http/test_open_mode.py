"""Open mode serves programs and pages of this machine, and nobody else."""

from __future__ import annotations

import pytest

from tests.conftest import StartLive
from tests.http.wire import Answer, send

PATHS = [
    ("GET", b"/v1/presence?user=a"),
    ("POST", b"/v1/heartbeat"),
    ("GET", b"/v1/nowhere"),
    ("GET", b"/"),
    ("HEAD", b"/v1/events?user=a"),
]


async def asked(url: str, method: str, path: bytes, **headers: str) -> Answer:
    return await send(url, method, path, b'{"device":"d"}' if method == "POST" else None, **headers)


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"host": "evil.example"}, "evil.example"),
        ({"host": "192.0.2.1:8000"}, "192.0.2.1"),
        ({"host": "localhost.evil.example"}, "evil"),
        ({"x_forwarded_for": "192.0.2.1"}, "x-forwarded-for"),
        ({"x_forwarded_host": "presence.example"}, "x-forwarded-host"),
        ({"forwarded": "for=192.0.2.1"}, "forwarded"),
        ({"via": "1.1 proxy"}, "via"),
        ({"origin": "https://evil.example"}, "https://evil.example"),
        ({"origin": "http://127.0.0.1:1"}, "http://127.0.0.1:1"),
        ({"origin": "null"}, "null"),
        ({"sec_fetch_site": "cross-site"}, "cross-site"),
    ],
)
async def test_others_are_refused_with_a_sentence(
    live: StartLive, headers: dict[str, str], told: str
) -> None:
    service = await live()
    for method, path in PATHS:
        answer = await asked(service.url, method, path, **headers)
        assert answer.status == 403, (method, path)
        if method != "HEAD":
            assert answer.data["code"] == "forbidden"
            assert told in answer.data["detail"]
    records = (await send(service.url, "GET", b"/v1/presence?user=alice")).data["users"]
    assert records[0]["version"] == 0


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "localhost:8000"},
        {"host": "[::1]:8000"},
        {"host": "app.localhost"},
        {"host": "localhost:8000", "origin": "http://localhost:8000", "sec_fetch_site": "same-origin"},
        {"sec_fetch_site": "none"},
        {"origin": "https://app.example", "sec_fetch_site": "cross-site"},
    ],
)
async def test_this_machine_is_served(live: StartLive, headers: dict[str, str]) -> None:
    service = await live(origins="https://app.example")
    for method, path in PATHS:
        assert (await asked(service.url, method, path, **headers)).status in {200, 404}


async def test_a_link_to_the_demo_page_may_be_followed(live: StartLive) -> None:
    service = await live()
    link = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate"}
    assert (await send(service.url, "GET", b"/", **link)).status == 200
    assert (await send(service.url, "GET", b"/v1/presence?user=a", **link)).status == 403


async def test_insecure_open_lifts_host_and_proxies_but_not_pages(live: StartLive) -> None:
    service = await live(insecure_open=True)
    path = b"/v1/presence?user=a"
    assert (
        await send(service.url, "GET", path, host="presence.lan", x_forwarded_for="192.0.2.1")
    ).status == 200
    assert (
        await send(service.url, "GET", path, host="presence.lan", origin="https://evil.example")
    ).status == 403
    assert (
        await send(service.url, "GET", path, host="presence.lan", origin="http://presence.lan")
    ).status == 200


async def test_a_caller_has_a_name(live: StartLive) -> None:
    service = await live()
    for method, path in (("GET", b"/v1/presence?user=a"), ("POST", b"/v1/heartbeat"), ("GET", b"/v1/events")):
        answer = await asked(service.url, method, path, x_presence_user="")
        assert answer.status == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert "as=alice" in answer.data["detail"]


async def test_in_jwt_mode_a_host_means_nothing(live: StartLive) -> None:
    service = await live(auth="jwt", jwt_secret="x" * 64)
    headers = {"host": "presence.example", "x_forwarded_for": "192.0.2.1", "origin": "https://app.example"}
    assert (await send(service.url, "GET", b"/healthz", **headers)).status == 200
    assert (await send(service.url, "GET", b"/v1/presence?user=a&as=a", **headers)).status == 401
