"""What one stream watches, and for whom."""

from __future__ import annotations

import msgspec


class Interest(msgspec.Struct, frozen=True):
    """Users and channels, each named once, in the order of the request."""

    viewer: str | None
    """Who watches; sees its own true record where it watches itself, and never its own typing."""
    users: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    """Channels whose members' records are watched too."""
