"""Sets of moments: half-open spans of milliseconds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

EVER = 2**53
"""Later than anything."""


class Spans:
    """A union of spans `[begin, end)`."""

    __slots__ = ("_spans",)

    def __init__(self, spans: Iterable[tuple[int, int]] = ()) -> None:
        merged: list[tuple[int, int]] = []
        for begin, end in sorted(spans):
            if end <= begin:
                continue
            if merged and begin <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(merged[-1][1], end))
            else:
                merged.append((begin, end))
        self._spans = merged

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter(self._spans)

    def __or__(self, other: Spans) -> Spans:
        return Spans([*self, *other])

    def __and__(self, other: Spans) -> Spans:
        return Spans((max(a, c), min(b, d)) for a, b in self for c, d in other)

    def without(self, other: Spans) -> Spans:
        """The moments of this that are none of the other."""
        edges = [(-EVER, -EVER), *other, (EVER, EVER)]
        return self & Spans((before, after) for (_, before), (after, _) in pairwise(edges))

    def covers(self, begin: int, end: int) -> bool:
        """Whether every moment from `begin` to `end`, both included, is in it."""
        return any(first <= begin and end < last for first, last in self._spans)

    def meets(self, begin: int, end: int) -> bool:
        """Whether some moment from `begin` to `end`, both included, is in it."""
        return any(first <= end and begin < last for first, last in self._spans)
