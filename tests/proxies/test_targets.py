"""Long lists of users in the target of a stream: all of it arrives, or the proxy refuses it; none is cut."""

from __future__ import annotations

import ssl
from pathlib import Path

import httpx
import pytest

from tests.proxies.conftest import Before, Node, proxies, ways
from tests.proxies.proxy import SHOWN
from tests.proxies.visitor import PROTOCOLS, visitor

pytestmark = pytest.mark.proxies

TARGET = 16_384
"""The service's own limit."""

STOCK_TARGETS = {"nginx": 8_000, "caddy": TARGET, "haproxy": 14_000}
"""What proxies pass on as they come; `docs/deployment/README.md` says so."""


def target(size: int) -> tuple[str, list[str]]:
    """A target of at most this many bytes, and the users in it."""
    users = [f"user-{number:04}" for number in range((size - len("/v1/events?")) // len("&user=user-0000"))]
    return "/v1/events?" + "&".join(f"user={user}" for user in users), users


@proxies
@ways
async def test_the_whole_list_arrives(
    name: str, where: Path, node: Node, before: Before, trust: ssl.SSLContext
) -> None:
    proxy = before(name, where, node())
    longest = TARGET if where == SHOWN else STOCK_TARGETS[name]
    _, users = target(longest)
    too_long, _ = target(40_000)
    for protocol in PROTOCOLS:
        async with visitor(proxy.url, protocol, trust) as watcher:
            async with watcher.watch(*users) as stream:
                snapshot = await stream.next("snapshot")
                while snapshot.data["part"] < snapshot.data["parts"]:
                    snapshot = await stream.next("snapshot")
                told = [event for event in stream.received if event.name == "snapshot"]
                assert [record["user"] for event in told for record in event.data["users"]] == users
            try:
                answer = await watcher.client.get(f"{proxy.url}{too_long}")
            except httpx.RemoteProtocolError:
                continue  # over HTTP/2 a proxy may end the connection
            assert answer.status_code in {400, 414, 431}, answer.text
