"""Cookies behind a proxy that ends TLS: pages of the same origin are served, all others refused."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from tests.proxies.conftest import Before, Node, proxies, ways
from tests.proxies.proxy import SHOWN
from tests.proxies.visitor import PROTOCOLS, token, visitor

pytestmark = pytest.mark.proxies


@proxies
@ways
async def test_a_page_of_the_same_origin_is_told_from_others(
    name: str, where: Path, node: Node, before: Before, trust: ssl.SSLContext
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
    old_browser = {"Origin": proxy.url}
    knows_its_name = where == SHOWN or name != "nginx"
    cases = [(own, 200), *((one, 403) for one in foreign), (old_browser, 200 if knows_its_name else 403)]
    for protocol in PROTOCOLS:
        async with visitor(proxy.url, protocol, trust, headers=cookie) as alice:
            for sent, expected in cases:
                target = f"{proxy.url}/v1/events?user=alice"
                async with alice.client.stream("GET", target, headers=sent) as answer:
                    assert answer.status_code == expected, sent
                target, body = f"{proxy.url}/v1/heartbeat", {"device": "laptop"}
                beat = await alice.client.post(target, json=body, headers=sent)
                assert beat.status_code == expected, sent
