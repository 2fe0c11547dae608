"""The channels that a user is in, as others see the user: the user's side of membership.

A user and its channels lie in different partitions, so no change of both is one. The user's side knows
what others should be told: it is taken (read), told to the channels, and confirmed. Each reading has a
fence, strictly rising in the user's partition, by which the channels' side tells older readings from newer
ones (`members`), so telling may happen twice, late, in any order, or by several at once. What is taken and
not confirmed is taken again soon, and what was told is told again while it lasts: whatever was lost on the
way or over there heals by itself.
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from sse_presence.domain.model import User

CLAIMED = 2_000
"""What was taken is left to whoever took it for this long."""
RENEWED, SPREAD = 120_000, 30_000
"""Told again after this, and up to a quarter earlier, so that not all come at once: a third of a lease."""


class Membership(msgspec.Struct, frozen=True):
    """What others were told, or are to be told."""

    channels: tuple[str, ...] = ()
    owed: frozenset[str] = frozenset()
    """Channels that the user may be known to be in, and is in no more."""
    untold: bool = False
    fence: int | None = None
    """Of the reading that is being told."""
    due: int | None = None
    """When it is to be taken (again)."""


class Taken(msgspec.Struct, frozen=True, array_like=True):
    """One user's channels as they are read to be told."""

    user: str
    fence: int
    channels: tuple[str, ...]
    owed: frozenset[str]
    confirm: bool
    """Whether it is to be confirmed; what is only told again is not."""


def public_channels(user: User) -> tuple[str, ...]:
    """The channels of all live devices of the persona that others see."""
    persona = user.ghost or user.real
    return tuple(sorted({channel for device in persona.devices.values() for channel in device.channels}))


def settled(membership: Membership, channels: tuple[str, ...], now: int) -> Membership:
    """What is to be told after the user's channels became these."""
    if channels == membership.channels:
        return membership
    owed = (membership.owed | set(membership.channels)) - set(channels)
    return Membership(channels=channels, owed=owed, untold=True, due=now)


def _renewal(fence: int, now: int) -> int:
    return now + RENEWED - fence % SPREAD


def taken(membership: Membership, user: str, fence: int, now: int) -> tuple[Membership, Taken | None]:
    """Read what is to be told; None where nothing is any more."""
    if not membership.channels and not membership.untold:
        return replace(membership, due=None), None
    reading = Taken(user, fence, membership.channels, membership.owed, membership.untold)
    if membership.untold:
        return replace(membership, fence=fence, due=now + CLAIMED), reading
    return replace(membership, due=_renewal(fence, now)), reading


def recalled(membership: Membership) -> Membership:
    """Some channels may have lost their members: whoever is in any is told at once."""
    return membership if membership.due is None else replace(membership, due=0)


def told(membership: Membership, fence: int, now: int) -> Membership:
    """What was read with this fence has been told; that holds unless it was read or changed since."""
    if membership.fence != fence:
        return membership
    due = _renewal(fence, now) if membership.channels else None
    return Membership(channels=membership.channels, due=due)
