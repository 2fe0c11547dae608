"""A heartbeat as the script takes it, so that one that changes nothing is a few comparisons there.

Legend: `scripts/beats.lua` and `scripts/device.lua`.
"""

from __future__ import annotations

from functools import lru_cache
from struct import Struct

import msgspec

from sse_presence.domain.signal import LONGEST_IDLE, Heartbeat
from sse_presence.store import keys

KINDS = {"web": 1, "mobile": 2, "desktop": 3, "bot": 4}
VISIBLE, IN_CHANNELS = 1, 2

_STRING = b"\xd9"
"""The head of a string of up to 255 bytes: the script's msgpack knows no other kind of bytes."""

_TRAITS = Struct("<cBIBB")
_HEAD = 2


class Beat(tuple[str, str, int, int, msgspec.Raw, str]):
    """One heartbeat of a device.

    The user's key; the device; for how long it has been idle, in milliseconds; its `seq`, or -1; its traits,
    which are all that it says of itself beside, as a string that is kept as it is and compared as a whole;
    and its channels, sorted, a line each.
    """

    __slots__ = ()


def packed(partition: int, user: str, beat: Heartbeat) -> Beat:
    """A heartbeat of a user who lies in the partition."""
    channels = "\n".join(sorted(set(beat.channels))) if beat.channels else ""
    flags = (VISIBLE if beat.visible else 0) + (IN_CHANNELS if channels else 0)
    return Beat((
        keys.users(partition) + user,
        beat.device,
        min(max(beat.idle_ms, 0), LONGEST_IDLE),
        -1 if beat.seq is None else beat.seq,
        _traits(beat.interval, KINDS[beat.kind], flags, beat.activity or ""),
        channels,
    ))  # fmt: skip


@lru_cache(maxsize=1_024)  # devices say the same of themselves over and over, and most say the same as others
def _traits(interval: int, kind: int, flags: int, activity: str) -> msgspec.Raw:
    tag = activity.encode()
    size = _TRAITS.size - _HEAD + len(tag)
    return msgspec.Raw(_TRAITS.pack(_STRING, size, interval, kind, flags) + tag)
