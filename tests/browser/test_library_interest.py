"""What a page watches changes while its stream is open: nothing reconnects, and nothing let go is shown."""

from __future__ import annotations

import time

import jwt
import pytest
from playwright.async_api import Browser

from tests.browser.conftest import OpenGate, OpenTab
from tests.browser.waiting import until
from tests.conftest import Serve

pytestmark = pytest.mark.browser

SECRET = "a secret of the tests, long enough for HS256"


async def test_watching_more_and_less_never_reconnects(
    serve: Serve, open_gate: OpenGate, open_tab: OpenTab, browser: Browser
) -> None:
    gate = await open_gate(serve(heartbeat=1, grace=0.5).url)
    bob = await open_tab(gate, "{auth: {user: 'bob'}}")
    await bob.sees("bob", "online")
    one_browser = await browser.new_context()
    leader = await open_tab(gate, "{auth: {user: 'alice'}}", one_browser)
    await leader.is_in("live")
    follower = await open_tab(gate, "{auth: {user: 'alice'}}", one_browser)
    await follower.sees("alice", "online")
    await leader.do("window.undo = [presence.watch({users: ['bob']}), presence.watch({users: ['bob']})]")
    await leader.sees("bob", "online")
    await follower.sees("bob", "online")
    await follower.do("presence.watch({users: ['bob']}); window.mine = presence.watch({users: ['carol']})")
    await leader.sees("carol", "offline")
    await leader.do("undo[0](); undo[0](); undo[1](); undo[1](); presence.watch({users: ['dave']})")
    await leader.sees("dave", "offline")
    assert await leader.get("presence.get('bob').status") == "online"  # the other page still watches
    await follower.do("presence.unwatch({users: ['bob']}); mine()")
    for tab in (leader, follower):
        await tab.until("presence.get('bob') === undefined && presence.get('carol') === undefined")
    await bob.get("presence.status.set({status: 'dnd'}).then(() => true)")
    await leader.do("presence.watch({users: ['bob']})")
    await leader.sees("bob", "dnd")
    assert await leader.count("hello") == 1
    assert len(gate.to("/v1/events")) == 2
    assert len(gate.to("/v1/interests")) == 2


async def test_channels_are_entered_and_their_members_watched(
    serve: Serve, open_gate: OpenGate, open_tab: OpenTab
) -> None:
    gate = await open_gate(serve(heartbeat=1, grace=0.5).url)
    alice = await open_tab(gate, "{auth: {user: 'alice'}, members: ['team'], join: ['team']}")
    await alice.until("presence.channel('team').members?.join() === 'alice'")
    bob = await open_tab(gate, "{auth: {user: 'bob'}, join: ['team']}")
    await alice.until("presence.channel('team').count === 2")
    await alice.sees("bob", "online")
    assert await alice.get("presence.channel('team').members.toSorted().join()") == "alice,bob"
    await bob.do("presence.unwatch({join: ['team']})")
    await alice.until("presence.channel('team').members.join() === 'alice'")
    await alice.until("presence.get('bob') === undefined")
    assert await alice.count("hello") == 1


async def test_one_who_may_not_be_watched_keeps_nobody_else_out(
    serve: Serve, open_gate: OpenGate, open_tab: OpenTab
) -> None:
    gate = await open_gate(serve(auth="jwt", jwt_secret=SECRET).url)

    def token() -> str:
        now = int(time.time())
        claims = {"sub": "alice", "iat": now, "exp": now + 600, "presence": {"watch_prefix": "friend-"}}
        return jwt.encode(claims, SECRET, "HS256")

    users = "['friend-1', 'stranger', 'friend-2', 'friend-3', 'friend-4']"
    alice = await open_tab(
        gate, f"{{auth: () => token(), users: {users}, channels: ['secret']}}", token=token
    )
    for number in range(1, 5):
        await alice.sees(f"friend-{number}", "offline")
    await until(lambda: len([call for call in gate.calls if call.status == 403]) >= 3)
    await alice.until("errors.length === 2")
    assert await alice.get("errors.map(({status}) => status)") == [403, 403]
    assert await alice.get("[presence.state, presence.get('stranger') ?? null]") == ["live", None]


async def test_a_channel_that_may_not_be_entered_is_named(
    serve: Serve, open_gate: OpenGate, open_tab: OpenTab
) -> None:
    """Once, however often the page says that it is there; and it is not listed."""
    gate = await open_gate(serve(auth="jwt", jwt_secret=SECRET, heartbeat=1, grace=0.5).url)

    def token() -> str:
        now = int(time.time())
        claims = {"sub": "alice", "iat": now, "exp": now + 600, "presence": {"channels": ["open"]}}
        return jwt.encode(claims, SECRET, "HS256")

    joined = "{auth: () => token(), members: ['open'], join: ['open', 'secret']}"
    alice = await open_tab(gate, joined, token=token)
    await alice.until("presence.channel('open').members?.join() === 'alice'")
    await until(lambda: len(gate.bodies("heartbeat")) >= 3)
    assert await alice.get("errors") == [{"status": 403, "code": "denied"}]
