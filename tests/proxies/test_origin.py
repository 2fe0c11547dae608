"""Cookies behind a proxy that ends TLS: pages of the same origin are served, all others refused."""

from __future__ import annotations

import ssl
from pathlib import Path

import httpx
import pytest

from tests.proxies.conftest import Before, Node
from tests.proxies.proxy import KINDS, SHOWN, STOCK
from tests.proxies.visitor import PROTOCOLS, token, visitor

pytestmark = pytest.mark.proxies


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("where", [SHOWN, STOCK], ids=["shown", "stock"])
@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_page_of_the_same_origin_is_told_from_others(
    name: str, where: Path, protocol: str, node: Node, before: Before, trust: ssl.SSLContext
) -> None:
    """By what browsers say of it, also where the proxy gives the service another name."""
    proxy = before(name, where, node())
    own = {"Origin": proxy.url, "Sec-Fetch-Site": "same-origin"}
    foreign = (
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": proxy.url.replace("https", "http"), "Sec-Fetch-Site": "cross-site"},
    )
    cookie = {"Cookie": f"presence_token={token('alice')}"}
    async with visitor(proxy.url, protocol, trust, headers=cookie) as alice:
        for sent, expected in ((own, 200), *((one, 403) for one in foreign)):
            stream = f"{proxy.url}/v1/events?user=alice"
            async with alice.client.stream("GET", stream, headers=sent) as answer:
                assert answer.status_code == expected, sent
            beat = await alice.client.post(
                f"{proxy.url}/v1/heartbeat", json={"device": "laptop"}, headers=sent
            )
            assert beat.status_code == expected, sent
        old_browser = {"Origin": proxy.url}
        answer = await alice.client.head(f"{proxy.url}/v1/events", headers=old_browser)
        passes_the_name_on = where == SHOWN or name != "nginx"
        assert answer.status_code == (httpx.codes.OK if passes_the_name_on else httpx.codes.FORBIDDEN)
