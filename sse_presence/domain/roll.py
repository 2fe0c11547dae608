"""The roll of a channel: who is in it, as it leaves the store and travels on the bus.

A member is a user with a live device that lists the channel, as others see that user.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

LISTED = 500
"""Members are told by name while there are at most this many; beyond, only their number is."""


class Roll(msgspec.Struct, frozen=True, array_like=True):
    """Who is in a channel, whole or as the difference to what was told before."""

    channel: str
    count: int
    members: tuple[str, ...] | None
    """All of them, sorted by the bytes of their ids, in place of who was known before; None where the
    difference says it, and where there are more than are listed."""
    joined: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    changed: int = 0
    """Store time of the change, strictly rising in a partition; of a reading, that of the partition's last
    change, which is in it. So of two the one with the higher time is the newer."""


def by_bytes(users: Iterable[str]) -> tuple[str, ...]:
    """Ids in the order of their bytes, which is that of their code points."""
    return tuple(sorted(users))
