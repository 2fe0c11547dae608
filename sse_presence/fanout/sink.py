"""Where a stream's bytes go, as the pump sees it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Sink(Protocol):
    """One response body. No method waits, and none is called while `busy`, except `abort`."""

    ready: Callable[[], None]
    """Called when the peer took something, unless `look` says otherwise; set by the stream."""

    look: float
    """Seconds after which to look again whether it is busy; infinite where `ready` is called."""

    @property
    def busy(self) -> bool:
        """Whether bytes given to it are still on their way."""
        ...

    def progressed(self) -> bool:
        """Whether the peer took something since the last write, or since this was last asked."""
        ...

    def write(self, data: bytes) -> bool:
        """Send whole events; whether the peer takes them bit by bit, and is to be watched meanwhile."""
        ...

    def end(self, data: bytes) -> None:
        """Send the last events and end the body cleanly."""
        ...

    def abort(self) -> None:
        """Give up on a peer that takes nothing."""
        ...
