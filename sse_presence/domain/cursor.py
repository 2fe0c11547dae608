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

import msgspec

from sse_presence.domain.interest import Interest

_LAYOUT = struct.Struct(">BQ8s8s")
"""Version, position, digest of the incarnations, digest of the interest; the seal follows."""
_VERSION = 1
_DIGEST = 8
_SEAL = 17
"""Bytes; with it the whole is a multiple of three, and its text needs no padding."""
_LENGTH = (_LAYOUT.size + _SEAL) // 3 * 4
AHEAD = 10_000
"""Another process may have heard a mark, in milliseconds, that this one has yet to hear."""


def interest_digest(interest: Interest) -> bytes:
    """What an interest is, whatever the order of its parts."""
    parts = (
        interest.viewer,
        sorted(interest.users),
        sorted(interest.channels),
        sorted(interest.members),
    )
    return blake2b(msgspec.msgpack.encode(parts), digest_size=_DIGEST).digest()


def incarnations_digest(incarnations: Iterable[tuple[int, str]]) -> bytes:
    """The incarnations of the partitions that an interest touches, as (partition, incarnation)."""
    return blake2b(msgspec.msgpack.encode(sorted(incarnations)), digest_size=_DIGEST).digest()


def derive_key(secret: bytes) -> bytes:
    """A key of the right length from a secret of any."""
    return blake2b(secret, digest_size=32, person=b"presence cursor").digest()


def _seal(key: bytes, content: bytes) -> bytes:
    return blake2b(content, digest_size=_SEAL, key=key).digest()


def issue(key: bytes, position: int, incarnations: bytes, interest: bytes) -> str:
    """A cursor at `position` (store time, milliseconds): at most 64 characters of `[A-Za-z0-9_-]`."""
    content = _LAYOUT.pack(_VERSION, position, incarnations, interest)
    return urlsafe_b64encode(content + _seal(key, content)).decode()


def check(
    key: bytes, text: str, incarnations: bytes, interest: bytes, *, earliest: int, mark: int
) -> int | None:
    """The position of a cursor that fits, else None; never raises, whatever the text is.

    It fits when it was issued with this key, for this interest, under these incarnations, and its position
    is neither before `earliest` (records that old may be gone) nor beyond the last `mark`.
    """
    if len(text) != _LENGTH or not text.isascii():
        return None
    try:
        raw = urlsafe_b64decode(text)
    except ValueError:
        return None
    content, seal = raw[: _LAYOUT.size], raw[_LAYOUT.size :]
    if len(seal) != _SEAL or not compare_digest(seal, _seal(key, content)):
        return None
    version, position, issued_under, issued_for = _LAYOUT.unpack(content)
    if (version, issued_under, issued_for) != (_VERSION, incarnations, interest):
        return None
    return int(position) if earliest <= position <= mark + AHEAD else None
