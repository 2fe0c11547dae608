"""Who calls, in the cases from the field."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from tests.cases.caller import Caller
from tests.running import CEILING

Call = Callable[[str, str], Caller]
"""`call(url, "alice")`"""


@pytest.fixture
async def call() -> AsyncIterator[Call]:
    """Users who call over connections that are kept for the length of the test."""
    async with httpx.AsyncClient(timeout=CEILING, trust_env=False) as http:
        yield lambda url, user: Caller(http, url, user)
