"""C29: pages of another origin than the service's, with tokens and with cookies, and across a crash of it."""

from __future__ import annotations

import time
from typing import Any

import jwt
import pytest
from playwright.async_api import Browser

from tests.browser.conftest import OpenGate, OpenTab
from tests.conftest import Serve

pytestmark = pytest.mark.browser

SECRET = "a secret of the tests, long enough for HS256"


def token() -> str:
    now = int(time.time())
    claims = {"sub": "alice", "iat": now, "exp": now + 600, "presence": {"watch_prefix": ""}}
    return jwt.encode(claims, SECRET, "HS256")


@pytest.mark.parametrize("auth", ["() => token()", "'cookie'"], ids=["token", "cookie"])
async def test_c29_a_page_of_another_origin_lives_and_reconnects(
    auth: str, serve: Serve, open_gate: OpenGate, open_tab: OpenTab, browser: Browser, redis_url: str
) -> None:
    gate = await open_gate("")
    settings: dict[str, Any] = {"auth": "jwt", "jwt_secret": SECRET, "origins": gate.url}
    settings["redis_url"] = redis_url
    service = serve(**settings)
    gate.target = service.url
    context = await browser.new_context()
    await context.add_cookies([{"name": "presence_token", "value": token(), "url": service.url}])
    options = f"{{auth: {auth}, user: 'alice', url: '{service.url}', users: ['bob']}}"
    alice = await open_tab(gate, options, context, token)
    await alice.sees("alice", "online")
    await alice.do("presence.watch({users: ['carol']})")
    await alice.sees("carol", "offline")
    assert await alice.count("hello") == 1
    service.kill()
    await alice.until("presence.state !== 'live'")
    serve("--port", service.url.rpartition(":")[2], **settings)
    await alice.until("events.filter(({type}) => type === 'hello').length > 1")
    await alice.is_in("live")
    assert await alice.get("events.findLast(({type}) => type === 'hello').data.resumed")
    assert not [call for call in gate.calls if call.path.startswith("/v1/")]


async def test_c29_a_page_of_a_stranger_learns_nothing(
    serve: Serve, open_gate: OpenGate, open_tab: OpenTab
) -> None:
    gate = await open_gate("")
    gate.target = url = serve(auth="jwt", jwt_secret=SECRET).url
    eve = await open_tab(gate, f"{{auth: () => token(), user: 'alice', url: '{url}'}}", token=token)
    await eve.is_in("offline")
    assert await eve.get("events.length") == 0
    assert {error["status"] for error in await eve.get("errors")} <= {0}
