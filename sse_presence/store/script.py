"""The one script of the store: joined from its parts, run by its digest, its reply decoded.

Legend of KEYS, ARGV and the return value: `scripts/partition.lua`.
"""

from __future__ import annotations

import hashlib
from importlib.resources import files
from typing import Any

import msgspec

from sse_presence.domain.model import Rules
from sse_presence.store import keys

PARTS = (
    *("partition", "device", "persona", "membership", "user", "signals", "outbox"),
    *("typing", "roll", "interest", "sweep", "commit"),
)
"""In this order each part uses only what stands before it."""

Operation = tuple[Any, ...]
"""`(name, arguments …)` as the functions of the parts take them; None is written as False or -1."""


class Reply(msgspec.Struct, frozen=True, array_like=True):
    """What one call of the script says."""

    now: int
    incarnation: str
    seq: int
    position: int
    """Every later change has a `changed` above this."""
    settling: int
    """Milliseconds for which the partition may still lack what it lost."""
    results: tuple[Any, ...]
    owing: bool = False
    """Whether users wait for their channels to be told."""


class Script:
    """Source and digest; one value per process."""

    def __init__(self) -> None:
        folder = files("sse_presence.store") / "scripts"
        self.source = "\n".join((folder / f"{part}.lua").read_text("utf-8") for part in PARTS).encode()
        self.digest = hashlib.sha1(self.source, usedforsecurity=False).hexdigest()


def packed_rules(rules: Rules, partition: int, publish: str) -> bytes:
    """ARGV[2]: the figures, the prefixes, the bus and the command that publishes on it."""
    return msgspec.msgpack.encode(
        (
            rules.factor,
            rules.grace,
            rules.idle_after,
            rules.hidden_idle_after,
            rules.renewal_ceiling,
            rules.precision,
            rules.retention,
            rules.max_devices,
            rules.typing_ttl,
            rules.forgiven_outage,
            rules.listed,
            keys.users(partition),
            keys.channels(partition),
            keys.interests(partition),
            keys.rolls(partition),
            keys.taken_off(partition),
            keys.bus(partition).decode(),
            publish,
        )
    )
