"""Who types in a channel: the rules, as pure functions of `now` (executable specification, like `rules`).

An entry lives for the typing TTL after its last start. The list is published when somebody began or
stopped, and again when somebody goes on whose entry, as last published, has half the TTL left: receivers
let entries lapse by themselves and must not drop one too early. An entry is remembered for a minute after
its last signal: a late start must not overtake a stop.
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from sse_presence.domain.model import Rules

REMEMBERED = 60_000
"""How long the order of a device's typing signals is known."""


class Entry(msgspec.Struct, frozen=True):
    """What one device of a user last said."""

    expires: int
    seq: int | None
    forget: int


class Channel(msgspec.Struct, frozen=True):
    """Who types in a channel, and what its watchers were last told."""

    entries: dict[tuple[str, str], Entry] = {}
    """(user, device) → entry."""
    told: dict[str, int] = {}
    """User → expiry, as last published."""


def typists(channel: Channel, now: int) -> dict[str, int]:
    """User → expiry. A user types while any of its devices does."""
    until: dict[str, int] = {}
    for (user, _), entry in channel.entries.items():
        if now < entry.expires:
            until[user] = max(until.get(user, 0), entry.expires)
    return until


def newer(channel: Channel, user: str, device: str, seq: int | None, now: int) -> int | None:
    """The `seq` of a later signal of this device that came before, if there was one."""
    entry = channel.entries.get((user, device))
    if entry is None or now >= entry.forget or entry.seq is None or seq is None:
        return None
    return entry.seq if seq < entry.seq else None


def signalled(
    channel: Channel,
    who: tuple[str, str],
    *,
    typing: bool,
    seq: int | None,
    hidden: bool,
    now: int,
    rules: Rules,
) -> Channel:
    """A device began, goes on or stopped; of a hidden user only the order of signals is kept."""
    old = channel.entries.get(who)
    if old is not None and now >= old.forget:
        old = None
    expires = now + rules.typing_ttl if typing else 0
    if hidden:
        expires = old.expires if old is not None else 0
    entry = Entry(
        expires=expires,
        seq=seq if seq is not None else (old.seq if old is not None else None),
        forget=now + max(REMEMBERED, rules.typing_ttl),
    )
    return replace(channel, entries={**channel.entries, who: entry})


def settled(channel: Channel, now: int, rules: Rules) -> tuple[Channel, bool]:
    """The channel after a publication, and whether one is due."""
    current = typists(channel, now)
    told = channel.told
    lapsing = any(
        user in told and expires > told[user] and now >= told[user] - rules.typing_ttl // 2
        for user, expires in current.items()
    )
    if current.keys() == told.keys() and not lapsing:
        return channel, False
    return replace(channel, told=current), True
