"""What leaves the store and travels on the bus: records and typing lists, as plain values.

A record's `body` is made once, by the script that decided the change: the JSON members that make up
equality (status, activity, text, emoji, until, devices), ready to be spliced between braces. Version and
last-seen stand beside it, because they are no part of equality.
"""

from __future__ import annotations

import msgspec

OFFLINE = '"status":"offline"'
"""Body of a user who is offline, or was never seen."""


class Record(msgspec.Struct, frozen=True, array_like=True):
    """The state of one user, as others see it (or, in an `own` list, as the user itself does)."""

    user: str
    version: int
    """Rises by one with each change; 0 for a user never seen."""
    changed: int
    """Store time of the last change, in milliseconds; strictly rising in a partition."""
    last_seen: int
    """Last activity rounded down, in milliseconds; 0 where it is not shown."""
    body: str
    """JSON members without braces, e.g. `"status":"online","devices":["web"]`."""


class Typist(msgspec.Struct, frozen=True, array_like=True):
    """One user typing in a channel, until `expires_at` (store time, milliseconds)."""

    user: str
    expires_at: int


class TypingList(msgspec.Struct, frozen=True, array_like=True):
    """All who type in a channel: at most 21 of them by name (a watcher leaves itself out), and the count."""

    channel: str
    count: int
    typists: tuple[Typist, ...]
