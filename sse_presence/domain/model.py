"""The state of one user, as plain immutable values. Times are store time and durations, in milliseconds."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

import msgspec

from sse_presence.domain.record import OFFLINE
from sse_presence.domain.roll import LISTED
from sse_presence.domain.signal import Choice, Kind

if TYPE_CHECKING:
    from sse_presence.settings import Settings


class Grace(IntEnum):
    """Whether a device's life was cut short, and by what."""

    NONE = 0
    CLOSED = 1
    """Its stream was closed by the peer; a new stream or any signal takes that back."""
    LEFT = 2
    """It said that it goes; only a signal takes that back."""


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """One running client of a user; it exists while it is live."""

    kind: Kind
    interval: int
    visible: bool
    deadline: int
    """Live while now < deadline."""
    signalled: int
    input_at: int
    """When its user last touched it."""
    idle: bool
    """Sticky: only input wakes it."""
    active_until: int = 0
    """After an outage of ours: not idle before this."""
    grace: Grace = Grace.NONE
    activity: str | None = None
    activity_at: int = 0
    seq: int | None = None
    channels: tuple[str, ...] = ()
    """Sorted."""


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """An override as it is kept."""

    status: Choice
    text: str | None
    emoji: str | None
    until: int | None
    at: int
    """When it was set."""


class Persona(msgspec.Struct, frozen=True, kw_only=True):
    """What a status is derived from: devices and an override, ageing together."""

    devices: dict[str, Device] = {}
    chosen: Chosen | None = None
    seen: int = 0
    """Last activity of devices that are gone."""
    since: int = 0
    """Activity up to this leaves no trace: it happened while invisible."""
    forgotten: bool = True
    """Nothing is left that retention would end."""


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A record as it was last made public (or shown to the user itself)."""

    version: int = 0
    changed: int = 0
    status: str = "offline"
    body: str = OFFLINE
    last_seen: int = 0


class User(msgspec.Struct, frozen=True, kw_only=True):
    """One user. While invisible, `ghost` is what others see the user by."""

    real: Persona = Persona()
    ghost: Persona | None = None
    public: Shown = Shown()
    own: Shown = Shown()
    outages: int = 0
    """How many outages of the partition have been applied."""


class Outage(msgspec.Struct, frozen=True):
    """A time in which no process reached the store, short enough to be forgiven."""

    begin: int
    end: int


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """The figures that the rules depend on; see the settings of the same names."""

    factor: int
    grace: int
    idle_after: int
    hidden_idle_after: int
    renewal_ceiling: int
    precision: int
    """0: last-seen is not shown."""
    retention: int
    max_devices: int
    typing_ttl: int
    forgiven_outage: int
    listed: int = LISTED
    """Members of a channel are told by name while they are no more than this."""


def rules_from(settings: Settings) -> Rules:
    """The figures of a service."""
    return Rules(
        factor=settings.liveness_factor,
        grace=settings.grace,
        idle_after=settings.idle_after,
        hidden_idle_after=settings.hidden_idle_after,
        renewal_ceiling=settings.renewal_ceiling,
        precision=settings.last_seen_precision or 0,
        retention=settings.retention,
        max_devices=settings.max_devices,
        typing_ttl=settings.typing_ttl,
        forgiven_outage=settings.forgiven_outage,
    )
