"""Cursors: the place in a stream's life where a client may go on, as an SSE event id.

A cursor says up to which position its holder has seen everything that its interest was shown. It is
opaque, authenticated and bound to an interest and to the incarnations of the store that it was issued
under; it holds no time of any user and gives no rights. Whatever does not fit - forged, cut, from another
interest, from a store that was wiped - is simply no cursor, and its holder gets everything anew.
"""

from __future__ import annotations

import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from hashlib import blake2b
from hmac import compare_digest
from typing import TYPE_CHECKING, Any

import msgspec

from sse_presence.domain.interest import Interest

if TYPE_CHECKING:
    from sse_presence.domain.rights import Rights

_LAYOUT = struct.Struct(">B6s8s8s4s4s")
"""Version and the fields of a cursor in their order; the seal follows."""
_VERSION = 1
_DIGEST = 8
_SEAL = 17
"""Bytes; with it the whole is a multiple of three, and its text needs no padding."""
_LENGTH = (_LAYOUT.size + _SEAL) // 3 * 4

AHEAD = 10_000
"""Another process may have heard a mark, in milliseconds, that this one has yet to hear."""

NO_TICKET = bytes(4)
"""In the cursor of a stream that was opened without one."""

NOTHING_ELSE = bytes(4)
"""Its holder was told all up to the position, and there was nothing else to tell."""
NOT_ALL = b"\xff\xff\xff\xff"
"""Something else was still to be told."""
STALE = b"\xff\xff\xff\xfe"
"""Likewise, and its holder was told that the store is out of reach."""


class Cursor(msgspec.Struct, frozen=True, kw_only=True):
    """What an authentic cursor says."""

    position: int
    """Store time in milliseconds."""
    incarnations: bytes
    interest: bytes
    told: bytes = NOTHING_ELSE
    """Digest of what its holder was told beside all up to the position."""
    ticket: bytes = NO_TICKET
    """The tag of the ticket that its stream was opened with."""

    def fits(self, incarnations: bytes, interest: bytes, *, earliest: int, mark: int) -> bool:
        """Whether its holder may go on under these incarnations with this interest.

        Its position may not be before `earliest` (records that old may be gone) nor beyond the last `mark`.
        """
        place = (self.incarnations, self.interest) == (incarnations, interest)
        return place and earliest <= self.position <= mark + AHEAD


def _digest(content: Any, size: int = _DIGEST) -> bytes:
    return blake2b(msgspec.msgpack.encode(content), digest_size=size).digest()


def _sight(rights: Rights) -> list[Any]:
    """What a caller may see of an interest that is not refused as a whole: the rest of it is left out."""
    watch, channels = sorted(rights.watch), sorted(rights.channels)
    return [watch, rights.watch_prefix, channels, rights.channel_prefix]


def interest_digest(interest: Interest, rights: Rights) -> bytes:
    """What an interest is, whatever the order of its parts; whose it is matters if it sees itself in it.

    Where it has members the rights are a part of it, for they decide whose records were left out.
    """
    lists = sorted(interest.users), sorted(interest.channels), sorted(interest.members)
    if interest.members:
        return _digest((interest.viewer, *lists, _sight(rights)))
    return _digest((interest.viewer if interest.viewer in interest.users else None, *lists))


def stored_digest(owner: str, interest: str, rights: Rights) -> bytes:
    """Which stored interest it is, whatever it holds at the moment, and what of that its owner may see."""
    return _digest((owner, interest, _sight(rights)))


def incarnations_digest(incarnations: Iterable[tuple[int, str]]) -> bytes:
    """The incarnations of the partitions that an interest touches, as (partition, incarnation)."""
    return _digest(sorted(incarnations))


def told_digest(*parts: Any) -> bytes:
    """What a client was told beside all up to a position, as the parts of it in a fixed order."""
    return _digest(parts, len(NOTHING_ELSE))


def derive_key(secret: bytes) -> bytes:
    """A key of the right length from a secret of any."""
    return blake2b(secret, digest_size=32, person=b"presence cursor").digest()


def _seal(key: bytes, content: bytes) -> bytes:
    return blake2b(content, digest_size=_SEAL, key=key).digest()


def issue(key: bytes, cursor: Cursor) -> str:
    """The text of a cursor: 64 characters of `[A-Za-z0-9_-]`."""
    position = cursor.position.to_bytes(6, "big")
    content = _LAYOUT.pack(
        *(_VERSION, position, cursor.incarnations, cursor.interest, cursor.told, cursor.ticket)
    )
    return urlsafe_b64encode(content + _seal(key, content)).decode()


def read(key: bytes, text: str) -> Cursor | None:
    """What a text says that was issued with this key, else None; never raises, whatever the text is."""
    if len(text) != _LENGTH or not text.isascii():
        return None
    try:
        raw = urlsafe_b64decode(text)
    except ValueError:
        return None
    content, seal = raw[: _LAYOUT.size], raw[_LAYOUT.size :]
    if len(seal) != _SEAL or not compare_digest(seal, _seal(key, content)):
        return None
    version, position, incarnations, interest, told, ticket = _LAYOUT.unpack(content)
    if version != _VERSION:
        return None
    return Cursor(
        position=int.from_bytes(position, "big"),
        incarnations=incarnations,
        interest=interest,
        told=told,
        ticket=ticket,
    )


def issued_under(key: bytes, text: str) -> bytes | None:
    """The tag of the ticket that an authentic cursor was issued under; None for anything else."""
    known = read(key, text)
    return None if known is None or known.ticket == NO_TICKET else known.ticket
