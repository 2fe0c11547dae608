"""What the store publishes on the bus of a partition.

Messages of one partition are numbered without holes, so whoever reads them knows what it missed. A mark
is published on every sweep, also when nothing changed: it carries the reader's position forward.
"""

from __future__ import annotations

import msgspec

from sse_presence.domain.interest import InterestChange
from sse_presence.domain.record import Record, TypingList
from sse_presence.domain.roll import Roll


class Message(msgspec.Struct, frozen=True, array_like=True):
    """One publication of one partition."""

    incarnation: str
    """Random, made anew when the store is found empty or another master took over."""
    seq: int
    time: int
    """Every change with `changed` up to this has been published, in this message or before it."""
    mark: bool
    public: tuple[Record, ...]
    """What others see."""
    own: tuple[Record, ...]
    """What the user itself sees, published whenever that changed."""
    typing: tuple[TypingList, ...]
    rolls: tuple[Roll, ...] = ()
    """At most one of a channel."""
    interests: tuple[InterestChange, ...] = ()
