"""The demo page is asked about each time, and nothing beside it is served."""

from __future__ import annotations

import httpx

from tests.conftest import StartLive
from tests.http.wire import send


async def test_the_page_is_at_the_root(live: StartLive) -> None:
    service = await live()
    async with httpx.AsyncClient(base_url=service.url) as client:
        page = await client.get("/")
        assert page.status_code == 200
        assert page.headers["content-type"].startswith("text/html")
        assert page.headers["cache-control"] == "no-cache"
        again = await client.get("/", headers={"If-None-Match": page.headers["etag"]})
        assert (again.status_code, again.headers["cache-control"]) == (304, "no-cache")
        assert (await client.get("/presence.js")).headers["content-type"].startswith("text/javascript")
        assert (await client.get("/presence.d.ts")).headers["content-type"] == "text/plain; charset=utf-8"


async def test_nothing_beside_it_is_served(live: StartLive) -> None:
    service = await live()
    for path in (
        b"/../pyproject.toml",
        b"/..%2fpyproject.toml",
        b"/%2e%2e/pyproject.toml",
        b"/..\\x",
        b"//etc/passwd",
        b"/%00",
        b"/.git/config",
        b"/sse_presence/app.py",
    ):
        answer = await send(service.url, "GET", path)
        assert answer.status == 404, (path, answer)
        assert answer.headers["content-type"] == "application/problem+json"


async def test_without_the_demo_there_is_no_page(live: StartLive) -> None:
    service = await live(demo=False)
    answer = await send(service.url, "GET", b"/")
    assert (answer.status, answer.data["code"]) == (404, "not-found")
