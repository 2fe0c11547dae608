"""What one stream watches, and for whom; and interests that the store keeps by an id, to be changed live."""

from __future__ import annotations

from collections.abc import Collection

import msgspec


class Interest(msgspec.Struct, frozen=True):
    """Users and channels, each named once, in the order of the request."""

    viewer: str | None
    """Who watches; sees its own true record where it watches itself, and never its own typing."""
    users: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    """Channels whose members' records are watched too."""


class StoredInterest(msgspec.Struct, frozen=True):
    """An interest that is kept, and when each part of it was added (store time, milliseconds)."""

    id: str
    owner: str
    """Who made it: nobody else may open or change it."""
    version: int
    """Rises by one with each change."""
    users: dict[str, int]
    channels: dict[str, int]
    members: dict[str, int]


class InterestChange(msgspec.Struct, frozen=True, array_like=True):
    """What a change of a stored interest did. What it removes is removed first: an id in both begins anew."""

    id: str
    version: int
    at: int
    """Store time of the change, strictly rising in a partition."""
    add_users: tuple[str, ...] = ()
    add_channels: tuple[str, ...] = ()
    add_members: tuple[str, ...] = ()
    remove_users: tuple[str, ...] = ()
    remove_channels: tuple[str, ...] = ()
    remove_members: tuple[str, ...] = ()


def changed(interest: StoredInterest, change: InterestChange) -> StoredInterest:
    """What a change makes of an interest."""
    at = change.at
    return StoredInterest(
        interest.id,
        interest.owner,
        change.version,
        _changed(interest.users, change.add_users, change.remove_users, at),
        _changed(interest.channels, change.add_channels, change.remove_channels, at),
        _changed(interest.members, change.add_members, change.remove_members, at),
    )


def _changed(old: dict[str, int], add: Collection[str], remove: Collection[str], at: int) -> dict[str, int]:
    removed = set(remove)
    kept = {name: added for name, added in old.items() if name not in removed}
    return kept | {name: at for name in add if name not in kept}
