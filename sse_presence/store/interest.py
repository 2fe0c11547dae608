"""Stored interests between the script and the domain (`scripts/interest.lua` says how they are written)."""

from __future__ import annotations

import secrets
from typing import Any

from sse_presence.domain.interest import Interest, StoredInterest
from sse_presence.errors import FieldError, Invalid
from sse_presence.settings import Settings

_LISTS = ("users", "channels", "members")


def new_id() -> str:
    """An id that nobody can guess: 22 characters of `[A-Za-z0-9_-]`."""
    return secrets.token_urlsafe(16)


def lists(interest: Interest) -> tuple[tuple[str, ...], ...]:
    """Users, channels and members, as the script takes them; the viewer is no part of it."""
    return interest.users, interest.channels, interest.members


def limits(settings: Settings) -> tuple[int, ...]:
    """The most that each list may have."""
    return settings.max_interest_users, settings.max_interest_channels, settings.max_interest_channels


def stored(interest_id: str, content: Any) -> StoredInterest:
    """An interest as the script tells it."""
    owner, version, *flats = content
    users, channels, members = (dict(zip(flat[::2], flat[1::2], strict=True)) for flat in flats)
    return StoredInterest(interest_id, owner, version, users, channels, members)


def changed(interest_id: str, content: Any, settings: Settings) -> StoredInterest | None:
    """What a change made of an interest; None where there is none. Raises Invalid if it became too long."""
    match content:
        case False:
            return None
        case [number, total]:
            name, limit = _LISTS[number - 1], limits(settings)[number - 1]
            detail = f"would make {total} {name} in all, and an interest may have {limit}"
            raise Invalid(f"The field add.{name} {detail}.", errors=(FieldError(f"add.{name}", detail),))
        case _:
            return stored(interest_id, content)
