"""One page that uses the library: what it shows, and what it says of itself."""

from __future__ import annotations

import pytest

from tests.browser.conftest import OpenGate, OpenTab
from tests.conftest import Serve

pytestmark = pytest.mark.browser


async def test_a_page_sees_others_and_is_seen(serve: Serve, open_gate: OpenGate, open_tab: OpenTab) -> None:
    gate = await open_gate(serve(heartbeat=1, grace=0.5).url)
    alice = await open_tab(gate, "{auth: {user: 'alice'}, users: ['bob']}")
    await alice.is_in("live")
    await alice.sees("alice", "online")
    await alice.sees("bob", "offline")
    await open_tab(gate, "{auth: {user: 'bob'}}")
    await alice.sees("bob", "online")
    assert await alice.get("presence.user") == "alice"
