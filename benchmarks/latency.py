"""Percentiles of latencies that are kept as counts of tenths of milliseconds."""

from __future__ import annotations

from collections.abc import Iterable


def percentile(counts: Iterable[tuple[int, int]], part: float) -> float:
    """The milliseconds within which this part of all lies; 0 of nothing."""
    ordered = sorted(counts)
    left = part * sum(count for _, count in ordered)
    for tenths, count in ordered:
        left -= count
        if left <= 0:
            return (tenths + 1) / 10
    return 0.0
