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

    busy: bool
    """Whether bytes given to it are on their way; where `look` is finite, as `progressed` saw it last."""

    def progressed(self) -> bool:
        """Look whether the peer took something since the last write, or since this was last asked."""
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
