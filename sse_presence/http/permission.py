"""Refusals that name what a caller has no right to: all of it for programs, never a long list for people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from sse_presence.domain.rights import Identity, Prefixes
from sse_presence.errors import Forbidden

_NAMED = 10
"""A caller who lacks more rights knows what to ask its application for."""


def refuse_unwatchable(users: Sequence[str], caller: Identity) -> None:
    """Raise Forbidden naming the users whom the caller may not watch."""
    _refuse("users", users, caller.may_watch, caller.rights.watch_prefix)


def refuse_unenterable(channels: Sequence[str], caller: Identity) -> None:
    """Raise Forbidden naming the channels that the caller may not enter."""
    _refuse("channels", channels, caller.may_enter, caller.rights.channel_prefix)


_SENTENCES = {"users": "You have no right to watch", "channels": "You have no right to the channel"}


def _refuse(
    kind: Literal["users", "channels"], ids: Sequence[str], may: Callable[[str], bool], prefix: Prefixes
) -> None:
    if "".startswith(prefix):
        return  # so does every id
    denied = list(dict.fromkeys(name for name in ids if not may(name)))
    if denied:
        more = f" and {len(denied) - _NAMED} more" if len(denied) > _NAMED else ""
        named = ", ".join(map(repr, denied[:_NAMED]))
        raise Forbidden(f"{_SENTENCES[kind]} {named}{more}.", denied={kind: denied})
