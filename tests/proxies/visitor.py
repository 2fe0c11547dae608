"""A browser's part before a proxy: one HTTP version, one token, one connection."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import httpx

from sse_presence.domain.rights import EVERYTHING
from sse_presence.http.mint import mint
from sse_presence.settings import Settings
from tests.stream import TIMEOUT, Stream, follow

SECRET = "a secret of at least sixty-four bytes, as long as HS512 would like it"
PROTOCOLS = ("HTTP/1.1", "HTTP/2")


def token(user: str) -> str:
    """A token that grants everything."""
    return mint(Settings(auth="jwt", jwt_secret=SECRET), user, EVERYTHING)


class Visitor:
    """A user who speaks one version of HTTP."""

    def __init__(self, client: httpx.AsyncClient, url: str, protocol: str) -> None:
        self.client = client
        self.url = url
        self.protocol = protocol

    def watch(self, *users: str, last: str = "") -> AbstractAsyncContextManager[Stream]:
        """A stream of these users."""
        interest = httpx.QueryParams([("user", user) for user in users])
        sent = {"Last-Event-ID": last} if last else {}
        return follow(self.client, f"{self.url}/v1/events", interest, sent)

    async def post(self, signal: str, **body: Any) -> httpx.Response:
        """A signal, whatever is answered."""
        return await self.client.post(f"{self.url}/v1/{signal}", json=body)


@asynccontextmanager
async def visitor(
    url: str,
    protocol: str,
    trust: ssl.SSLContext,
    user: str = "watcher",
    headers: Mapping[str, str] | None = None,
) -> AsyncIterator[Visitor]:
    """Come by one protocol, and go with all connections; by default with a bearer token."""
    sent = {"Authorization": f"Bearer {token(user)}"} if headers is None else dict(headers)
    async with httpx.AsyncClient(
        http1=protocol == "HTTP/1.1",
        http2=protocol == "HTTP/2",
        verify=trust,
        headers={"Accept-Encoding": "gzip"} | sent,
        timeout=TIMEOUT,
        trust_env=False,
    ) as client:
        yield Visitor(client, url, protocol)
