"""What the service tells of itself at `/metrics`."""

from __future__ import annotations

import re
from collections import Counter

import httpx

from benchmarks.subject import Subject

LAG = re.compile(r'^sse_presence_loop_lag_seconds_bucket\{.*?le="([^"]+)".*?\} (\S+)$', re.MULTILINE)


async def loop_lags(subject: Subject) -> Counter[float]:
    """Upper bound in milliseconds → how often the event loop was at most so late, up to now."""
    async with httpx.AsyncClient(trust_env=False) as client:
        text = (await client.get(f"http://127.0.0.1:{subject.port}/metrics")).text
    return Counter({float(bound) * 1000: round(float(count)) for bound, count in LAG.findall(text)})


def bound(before: Counter[float], after: Counter[float], part: float) -> float:
    """The bound in milliseconds that this part of all that was seen between two moments kept to."""
    total = max(after.values(), default=0) - max(before.values(), default=0)
    return next((le for le in sorted(after) if after[le] - before[le] >= part * total), 0.0)
