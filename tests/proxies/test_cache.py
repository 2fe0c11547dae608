"""C28: a cache before the service, told to keep whatever it may, keeps nothing of anybody."""

from __future__ import annotations

import ssl

import httpx
import pytest

from sse_presence.domain.rights import Rights
from sse_presence.http.mint import mint
from sse_presence.settings import Settings
from tests.proxies.conftest import Before, Node
from tests.proxies.proxy import STOCK
from tests.proxies.visitor import SECRET, visitor

pytestmark = pytest.mark.proxies

CACHE = """
    access_log /var/log/nginx/stock.log;
    proxy_cache_path /etc/presence/cache keys_zone=all:1m;
    proxy_cache all;
    proxy_cache_valid any 10m;
    proxy_cache_methods GET HEAD POST;
    add_header X-Cache $upstream_cache_status always;
"""


def credentials(kind: str, user: str, *watched: str) -> dict[str, str]:
    rights = Rights(watch=frozenset(watched))
    token = mint(Settings(auth="jwt", jwt_secret=SECRET), user, rights)
    return {"Authorization": f"Bearer {token}"} if kind == "bearer" else {"Cookie": f"presence_token={token}"}


@pytest.mark.parametrize("kind", ["bearer", "cookie"])
async def test_c28_nothing_is_kept(kind: str, node: Node, before: Before, trust: ssl.SSLContext) -> None:
    """Not an answer, not a refusal, not a stream: the same request of another is asked of the service."""
    text = (STOCK / "nginx.conf").read_text()
    assert "    access_log /var/log/nginx/stock.log;\n" in text
    text = text.replace("    access_log /var/log/nginx/stock.log;\n", CACHE)
    proxy = before("nginx", STOCK, node(), text=text)
    async with (
        visitor(proxy.url, "HTTP/1.1", trust, headers=credentials(kind, "alice", "bob")) as alice,
        visitor(proxy.url, "HTTP/1.1", trust, headers=credentials(kind, "eve")) as eve,
        visitor(proxy.url, "HTTP/1.1", trust, headers={}) as stranger,
    ):
        queries = (("GET", "/v1/presence?user=bob"), ("GET", "/v1/events?user=bob"), ("GET", "/v1/nothing"))
        for method, path in (*queries, ("HEAD", "/v1/events?user=bob"), ("POST", "/v1/heartbeat")):
            for order in ((stranger, eve, alice), (alice, eve, stranger)):
                for who in order:
                    body = {"device": "laptop"} if method == "POST" else None
                    async with who.client.stream(method, f"{proxy.url}{path}", json=body) as answer:
                        assert answer.headers["x-cache"] in {"MISS", "BYPASS", "EXPIRED"}, (path, who)
                        assert "no-store" in answer.headers["cache-control"], path
                        if "bob" in path:
                            expected = {stranger: 401, eve: 403, alice: 200}[who]
                            assert answer.status_code == expected, path
        assert (await alice.client.get(f"{proxy.url}/healthz")).status_code == httpx.codes.OK
