"""How densely operations come: pure.

Where many come all the time, a call that waits a moment takes several of them along, and costs hardly more.
"""

from __future__ import annotations

_SPAN = 0.02
"""Seconds over which operations are counted."""

_DENSE = 1_000
"""Operations a second: several come in the few milliseconds that a call may wait for them."""


class Traffic:
    """The operations of the last moments."""

    def __init__(self) -> None:
        self._since = float("-inf")
        self._count = 0
        self._dense = False

    def passed(self, count: int, now: float) -> None:
        """So many operations have gone into a call at `now`, in seconds."""
        self._count += count
        passed = now - self._since
        if passed >= _SPAN:
            self._dense = self._count > _DENSE * passed
            self._since, self._count = now, 0

    def dense(self, now: float) -> bool:
        """Whether more are most likely about to come; never after a pause."""
        return self._dense and now - self._since < 2 * _SPAN
