"""Names in Redis. All keys of a partition share a hash tag, so that a script touches one slot.

An id follows its prefix as it is: nothing in an id can reach another's key, because every prefix ends
the part that has structure.
"""

from __future__ import annotations

from binascii import crc_hqx
from functools import cache

META = "presence:meta"
"""Hash with the store's format, its number of partitions and the cursor key."""

REVOKED = "presence:revoked"
"""Sorted set of who was disconnected, by the time of it."""

REVOKED_KEPT = 366 * 86_400_000
"""Milliseconds; tokens that live longer than a year are not what they should be."""

FORMAT = "3"
"""Raised when the keys of an older version can no longer be read."""


def partition_of(name: str, partitions: int) -> int:
    """Which partition a user or channel lies in: CRC16 as in Redis Cluster."""
    return crc_hqx(name.encode(), 0) % partitions


def bus(partition: int, database: int = 0) -> bytes:
    """The pub/sub channel of a partition: the databases of a server share all channels, unlike keys."""
    return b"presence:{%d}:bus" % partition + (b":%d" % database if database else b"")


def script_keys(partition: int) -> tuple[bytes, ...]:
    """KEYS of the script: meta, due, changed, typing, outbox, rolls."""
    names = (b"m", b"due", b"changed", b"typing", b"out", b"rolls")
    return tuple(b"presence:{%d}:%s" % (partition, name) for name in names)


@cache  # asked for with every signal
def users(partition: int) -> str:
    """Prefix of a partition's users."""
    return f"presence:{{{partition}}}:u:"


def channels(partition: int) -> str:
    """Prefix of a partition's channels."""
    return f"presence:{{{partition}}}:c:"


def interests(partition: int) -> str:
    """Prefix of a partition's stored interests."""
    return f"presence:{{{partition}}}:i:"


def rolls(partition: int) -> str:
    """Prefix of a partition's rolls: who is in a channel."""
    return f"presence:{{{partition}}}:r:"


def taken_off(partition: int) -> str:
    """Prefix of those who were lately taken off a partition's rolls."""
    return f"presence:{{{partition}}}:o:"


def value(partition: int, kind: str, name: str) -> str:
    """A value that is kept for a while; `kind` is a word of ours."""
    return f"presence:{{{partition}}}:v:{kind}:{name}"
