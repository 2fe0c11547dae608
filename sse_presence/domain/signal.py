"""What clients send, after validation, and what the store answers.

All durations are milliseconds. No client timestamp exists here: `idle_ms` is a duration, and the store
reckons it back from its own clock.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from sse_presence.domain.record import Record

Kind = Literal["web", "mobile", "desktop", "bot"]
Choice = Literal["online", "idle", "dnd", "invisible"]

LONGEST_IDLE = 86_400_000
"""`idle_ms` is clamped to a day: longer tells nothing more and could only be a mistake."""


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True):
    """A device is alive; fields left out take their defaults each time."""

    device: str
    idle_ms: int = 0
    visible: bool = True
    kind: Kind = "web"
    interval: int
    activity: str | None = None
    channels: tuple[str, ...] = ()
    """Those that it is in; replaces the last list."""
    seq: int | None = None


class Override(msgspec.Struct, frozen=True, kw_only=True):
    """What a user chose to show; replaces all of the last choice."""

    status: Choice
    text: str | None = None
    emoji: str | None = None
    expires_in: int | None = None


class Typing(msgspec.Struct, frozen=True, kw_only=True):
    """A device types, or stopped typing, in a channel."""

    device: str
    channel: str
    typing: bool
    seq: int | None = None


class Leave(msgspec.Struct, frozen=True, kw_only=True):
    """A device says that it goes."""

    device: str
    seq: int | None = None


class Answer(msgspec.Struct, frozen=True):
    """What a signal did."""

    status: str
    """The caller's own status word after it."""
    stale: bool
    """Ignored, because a signal with a higher `seq` came before it."""
    seq: int | None
    """The last `seq` known, where the signal was stale."""
    time: int
    """Store time in milliseconds."""


class Reading(msgspec.Struct, frozen=True):
    """Records as they were at one moment of the store."""

    records: list[Record]
    time: int
    positions: dict[int, tuple[str, int]]
    """Partition → (incarnation, position): later changes have a `changed` above the position."""
    settling: dict[int, int]
    """Partition → milliseconds for which it may still lack what it lost; none in the normal case."""
