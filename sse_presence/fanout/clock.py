"""The store's clock, as far as this process can tell: the only clock that clients are shown.

One was heard last of any server, and tells streams and pings the time; each partition has its own, for what
is timed there.
"""

from __future__ import annotations

import time
from collections.abc import Callable


class StoreClock:
    """An estimate from the latest time heard, carried forward by the loop's own clock.

    Until the store was heard for the first time it is this machine's clock.
    """

    __slots__ = ("_monotonic", "_offset")

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        """`monotonic` gives seconds and is the clock of the event loop."""
        self._monotonic = monotonic
        self._offset = time.time() * 1000 - monotonic() * 1000

    def heard(self, store_time: int) -> None:
        """The store said that it is `store_time` (milliseconds)."""
        self._offset = store_time - self._monotonic() * 1000

    def now(self) -> int:
        """Store time in milliseconds."""
        return int(self._monotonic() * 1000 + self._offset)
