"""Refusals that name what a caller has no right to, but never a long list of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sse_presence.domain.rights import Identity, Prefixes
from sse_presence.errors import Forbidden

_NAMED = 10
"""A caller who lacks more rights knows what to ask its application for."""


def refuse_unwatchable(users: Sequence[str], caller: Identity) -> None:
    """Raise Forbidden naming the users whom the caller may not watch."""
    _refuse("You have no right to watch", users, caller.may_watch, caller.rights.watch_prefix)


def refuse_unenterable(channels: Sequence[str], caller: Identity) -> None:
    """Raise Forbidden naming the channels that the caller may not enter."""
    _refuse("You have no right to the channel", channels, caller.may_enter, caller.rights.channel_prefix)


def _refuse(sentence: str, ids: Sequence[str], may: Callable[[str], bool], prefix: Prefixes) -> None:
    if "".startswith(prefix):
        return  # so does every id
    denied = [name for name in ids if not may(name)]
    if denied:
        more = f" and {len(denied) - _NAMED} more" if len(denied) > _NAMED else ""
        raise Forbidden(f"{sentence} {', '.join(map(repr, denied[:_NAMED]))}{more}.")
