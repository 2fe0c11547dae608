"""Who calls in open mode."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.conftest import StartLive


@pytest.fixture
async def alice(live: StartLive) -> AsyncIterator[httpx.AsyncClient]:
    """A client that calls as alice."""
    service = await live()
    async with httpx.AsyncClient(base_url=service.url, headers={"X-Presence-User": "alice"}) as client:
        yield client
