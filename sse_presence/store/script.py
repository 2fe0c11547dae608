"""The one script of the store: joined from its parts, run by its digest, its reply decoded.

Legend of KEYS, ARGV and the return value: `scripts/partition.lua`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import msgspec

from sse_presence.domain.model import Rules
from sse_presence.store import keys
from sse_presence.store.beat import Beat

PARTS = (
    *("partition", "device", "beats", "persona", "membership", "user", "signals", "outbox"),
    *("typing", "roll", "interest", "sweep", "commit"),
)
"""In this order each part uses only what stands before it."""

Operation = tuple[Any, ...]
"""A `Beat`, or `(name, arguments …)` as the functions of the parts take them, None written as False or -1."""

_REST = (None,) * 5


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


def packed_rules(rules: Rules, partition: int, bus: bytes, publish: str) -> bytes:
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
            bus.decode(),
            publish,
        )
    )


def packed_operations(operations: Sequence[Operation]) -> bytes:
    """ARGV[4]: as many entries for each as a heartbeat has, which the script reads without a table."""
    entries: list[Any] = []
    for operation in operations:
        entries += operation if isinstance(operation, Beat) else (operation, *_REST)
    return msgspec.msgpack.encode(entries)
