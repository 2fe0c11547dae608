"""Who is in a channel: the channel's side of membership.

A line says of one user, as read under a fence, whether it is in the channel; the line with the highest
fence counts, whatever the order they come in. Who was taken off is remembered until no older line is taken
any more. A member of whom nothing is told for a lease is a member no longer - but not while nobody could
tell because of an outage of ours.
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from sse_presence.domain.model import Outage, Rules
from sse_presence.domain.roll import Roll, by_bytes

LEASE = 360_000
"""Three times as long as it takes until a member is told of again."""
TOO_OLD = 300_000
"""A line that was read before this is not taken: what it would contradict may be forgotten."""


class Members(msgspec.Struct, frozen=True):
    """User → fence of the line that it is known from."""

    present: dict[str, int] = {}
    off: dict[str, int] = {}


def entered(members: Members, user: str, fence: int, *, present: bool, now: int) -> tuple[Members, bool]:
    """After one line, and whether it was not too old to be taken."""
    if fence < now - TOO_OLD:
        return members, False
    if fence <= max(members.present.get(user, -1), members.off.get(user, -1)):
        return members, True
    others = Members(
        present={name: known for name, known in members.present.items() if name != user},
        off={name: known for name, known in members.off.items() if name != user},
    )
    if present:
        return replace(others, present={**others.present, user: fence}), True
    return replace(others, off={**others.off, user: fence}), True


def lapsed(members: Members, now: int, last_outage: Outage | None) -> Members:
    """Without those of whom nothing was told for a lease."""
    if last_outage is not None and now < last_outage.end + LEASE:
        return members
    return replace(members, present={user: f for user, f in members.present.items() if f > now - LEASE})


def difference(channel: str, before: Members, after: Members, rules: Rules) -> Roll | None:
    """What is told of the way from one to the other; None where nobody came or went."""
    joined = after.present.keys() - before.present.keys()
    left = before.present.keys() - after.present.keys()
    count = len(after.present)
    if not joined and not left:
        return None
    if count > rules.listed:
        return Roll(channel, count, None)
    if len(before.present) > rules.listed:
        return Roll(channel, count, by_bytes(after.present))
    return Roll(channel, count, None, by_bytes(joined), by_bytes(left))


def roll(channel: str, members: Members, rules: Rules) -> Roll:
    """The whole roll."""
    listed = len(members.present) <= rules.listed
    return Roll(channel, len(members.present), by_bytes(members.present) if listed else None)
