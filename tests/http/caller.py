"""Who calls with a token."""

from __future__ import annotations

import httpx

from sse_presence.domain.rights import Rights
from sse_presence.http.mint import mint
from tests.conftest import Live

SECRET = "a secret of at least sixty-four bytes, as long as HS512 would like it"


def caller(service: Live, user: str, rights: Rights) -> httpx.AsyncClient:
    """A client with a token that a service in jwt mode, whose secret is SECRET, takes."""
    token = mint(service.app.state.presence.settings, user, rights)
    return httpx.AsyncClient(base_url=service.url, headers={"Authorization": f"Bearer {token}"})
