"""A store for many histories, each of which begins with nothing in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sse_presence.store.embedded import embedded


@pytest.fixture(scope="module")
def store_url() -> Iterator[str]:
    """One for all tests of a module."""
    with embedded() as url:
        yield url
