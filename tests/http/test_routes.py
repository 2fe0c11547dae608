"""Paths and methods: what is not there says so in the same form as every other refusal."""

from __future__ import annotations

import httpx
import pytest

from tests.conftest import StartLive
from tests.http.wire import send

POSTED = ["/v1/heartbeat", "/v1/status", "/v1/typing", "/v1/leave"]


@pytest.mark.parametrize("demo", [True, False])
async def test_paths_that_are_not_there(live: StartLive, demo: bool) -> None:  # noqa: FBT001
    service = await live(demo=demo)
    for method in ("GET", "POST", "DELETE"):
        for path in (
            "/v1",
            "/v1/",
            "/v1/nowhere",
            "/v1/heartbeat/",
            "/v1/heartbeat/x",
            "/v2/heartbeat",
            "/%ff",
        ):
            answer = await send(service.url, method, path.encode())
            assert answer.status in {404, 405}, (method, path, answer)
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.data["code"] == {404: "not-found", 405: "method-not-allowed"}[answer.status]


async def test_other_methods_are_told_which_are_allowed(live: StartLive) -> None:
    service = await live()
    for path in POSTED:
        for method in ("GET", "PUT", "DELETE", "PATCH", "HEAD"):
            answer = await send(service.url, method, path.encode())
            assert (answer.status, answer.headers["allow"]) == (405, "POST"), (method, path)
    for path in ("/v1/events", "/healthz", "/readyz"):
        answer = await send(service.url, "POST", path.encode(), b"{}")
        assert (answer.status, set(answer.headers["allow"].split(", "))) == (405, {"GET", "HEAD"})
        assert answer.data["detail"].startswith("POST is not taken here")


async def test_head_answers_headers_alone(live: StartLive) -> None:
    service = await live()
    async with httpx.AsyncClient(base_url=service.url, headers={"X-Presence-User": "alice"}) as client:
        for path in ("/v1/presence?user=alice", "/healthz", "/readyz"):
            got, head = await client.get(path), await client.head(path)
            assert (head.status_code, head.content) == (200, b"")
            assert head.headers["content-type"] == got.headers["content-type"]


async def test_nobody_keeps_an_answer(live: StartLive) -> None:
    service = await live()
    for path in (b"/v1/presence?user=alice", b"/v1/nowhere", b"/healthz"):
        assert (await send(service.url, "GET", path)).headers["cache-control"] == "no-store"
