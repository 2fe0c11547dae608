"""When streams send: the settings that the pump and its streams go by, in seconds of the loop's clock."""

from __future__ import annotations

from random import Random

import msgspec

from sse_presence.settings import Settings

_QUIET = 600
"""After this long without presence a cursor is sent by itself, so that resuming stays cheap."""

_RETRY = {"limit": (30_000, 60_000), "overload": (5_000, 15_000), "shutdown": (500, 5_000)}
"""Milliseconds between which a client is told to wait; spread, so that they do not come back at once."""
_RETRY_ELSE = (1_000, 5_000)


class Pace(msgspec.Struct, frozen=True):
    """Windows and limits of a stream."""

    presence_window: float
    typing_window: float
    busy_typing_window: float
    ping: float
    lifetime: float
    send_timeout: float
    quiet: float
    heartbeat_ms: int
    max_watched: int
    random: Random

    def retry(self, reason: str = "") -> int:
        """Milliseconds after which to come back, for a reason to say goodbye or in general."""
        return self.random.randint(*_RETRY.get(reason, _RETRY_ELSE))

    def lifetime_of_one(self) -> float:
        """Seconds that one stream lives: spread, so that what came together does not go together."""
        return self.lifetime * self.random.uniform(0.8, 1.2)


def pace_from(settings: Settings) -> Pace:
    """The pace that the settings ask for."""
    return Pace(
        presence_window=settings.presence_window / 1000,
        typing_window=settings.typing_window / 1000,
        busy_typing_window=settings.busy_typing_window / 1000,
        ping=settings.ping / 1000,
        lifetime=settings.stream_lifetime / 1000,
        send_timeout=settings.send_timeout / 1000,
        quiet=_QUIET,
        heartbeat_ms=settings.heartbeat,
        max_watched=settings.max_watched_per_user,
        random=Random(),  # noqa: S311 - spreads load, keeps no secret
    )
