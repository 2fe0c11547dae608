"""A page of another origin reconnects as one of our own does, and a page of a stranger learns nothing."""

from __future__ import annotations

import httpx

from tests.conftest import Events, StartLive

APP = "https://app.example"
SECRET = "a secret of at least sixty-four bytes, as long as HS512 would like it"


async def test_c29_a_page_of_a_listed_origin_reconnects(live: StartLive, events: Events) -> None:
    """Whoever sets the last id itself asks first; then the stream resumes, and its answer may be read."""
    node = await live(origins=APP)
    page = {"Origin": APP, "Sec-Fetch-Site": "cross-site"}
    async with events(node.url, "alice", headers=page) as stream:
        last = (await stream.next("snapshot")).id
    asked = page | {
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "cache-control, last-event-id",
    }
    async with httpx.AsyncClient(base_url=node.url, trust_env=False) as client:
        preflight = await client.options("/v1/events?user=alice", headers=asked)
    assert preflight.is_success
    assert preflight.headers["access-control-allow-origin"] == APP
    assert preflight.headers["access-control-allow-credentials"] == "true"
    assert "last-event-id" in preflight.headers["access-control-allow-headers"].split(", ")
    async with events(node.url, "alice", headers=page, last=last) as stream:
        assert stream.response.headers["access-control-allow-origin"] == APP
        assert (await stream.next("hello")).data["resumed"]


async def test_c29_a_stranger_gets_no_header(live: StartLive) -> None:
    """Neither where everyone may do everything nor where tokens are asked for."""
    for settings in ({}, {"auth": "jwt", "jwt_secret": SECRET}):
        node = await live(origins=APP, **settings)
        stranger = {"Origin": "https://evil.example", "Access-Control-Request-Method": "GET"}
        async with httpx.AsyncClient(base_url=node.url, headers=stranger, trust_env=False) as client:
            for method in ("OPTIONS", "GET", "HEAD", "POST"):
                answer = await client.request(method, "/v1/events?user=alice&as=bob")
                assert answer.is_client_error
                assert not [name for name in answer.headers if name.startswith("access-control-")]
