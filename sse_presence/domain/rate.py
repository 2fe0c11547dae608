"""How often callers may do something: a bucket for each, which holds so many and refills steadily.

A bucket is one number, the moment at which it will be full again. One that is full is the same as none, so
only those of callers who did something a moment ago are kept, and never more than `kept`: beyond, those
who did nothing for longest have a full one again.
"""

from __future__ import annotations

from collections import OrderedDict

KEPT = 100_000
"""Buckets; about 20 MB."""


class Buckets:
    """The buckets of all callers, for one kind of doing."""

    def __init__(self, count: int, period: int, *, kept: int = KEPT) -> None:
        """`count` at once, and as many again over each `period` (milliseconds)."""
        self.count = count
        self.period = period
        self._kept = kept
        self._full_at: OrderedDict[str, int] = OrderedDict()
        """In parts of a millisecond, `count` to each: so one of `count` refills in `period` parts."""

    def __len__(self) -> int:
        return len(self._full_at)

    def take(self, caller: str, now: int, cost: int = 1) -> int:
        """Take `cost` at `now` (milliseconds), at most the whole; 0, or in how many milliseconds it would do.

        What cannot be taken costs nothing.
        """
        present = now * self.count
        full_at = max(self._full_at.get(caller, present), present) + min(cost, self.count) * self.period
        excess = full_at - present - self.count * self.period
        if excess > 0:
            return -(-excess // self.count)
        self._full_at[caller] = full_at
        self._full_at.move_to_end(caller)
        self._forget(present)
        return 0

    def _forget(self, present: int) -> None:
        """Drop up to two buckets for the one that may have been added, so that full ones do not pile up."""
        for _ in range(2):
            caller, full_at = next(iter(self._full_at.items()))
            if full_at > present and len(self._full_at) <= self._kept:
                return
            del self._full_at[caller]
