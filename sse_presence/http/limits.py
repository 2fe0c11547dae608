"""Rate limits: per user, kind and process. Whoever is over one is told when to come back.

What is refused has changed nothing and costs nothing, so whoever only waits is soon let through; streams
stay open.
"""

from __future__ import annotations

import time

from sse_presence.errors import TooMany
from sse_presence.service import Service


def spend(service: Service, kind: str, user: str, cost: int = 1) -> None:
    """Let one user do one thing of a kind; raises TooMany."""
    buckets = service.buckets.get(kind)
    if buckets is None:
        return
    wait = buckets.take(user, time.monotonic_ns() // 1_000_000, cost)
    if wait:
        seconds = -(-wait // 1000)
        raise TooMany(
            f"{user!r} may have {buckets.count} of the kind {kind!r} in {buckets.period / 1000:g} s; "
            f"send this again in {seconds} s.",
            retry_after=seconds,
        )
