"""Events as bytes: pure, and made of parts that many streams share.

Every event is one frame: lines of fields and one empty line. All data is JSON, in which CR, LF and NUL are
escaped, so that nothing a client ever sent can end a line, let alone begin an event. Only snapshots and
presence carry an id, and never an empty one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from sse_presence.domain.record import Record, TypingList
from sse_presence.domain.roll import Roll

PART = 500
"""Records in one part of a snapshot or of a long resume."""

SHOWN = 20
"""Names in a typing list."""

MEMBERS = 200
"""Names of those who are in a channel: beyond, only their number is told."""

PAD = b":" + b" " * 2047 + b"\n\n"
"""A comment for proxies that hold back the first bytes of a response."""


def record_json(record: Record) -> bytes:
    """A record as the contract shows it."""
    last_seen = f',"last_seen":{record.last_seen}' if record.last_seen else ""
    return b'{"user":%b,%b,"version":%d%b}' % (
        msgspec.json.encode(record.user),
        record.body.encode(),
        record.version,
        last_seen.encode(),
    )


def typing_json(typing: TypingList, viewer: str | None, now: int) -> bytes:
    """One channel's list as `viewer` sees it at store time `now`: without itself, at most 20 by name."""
    shown, count = _typists(typing, viewer, now)
    return msgspec.json.encode({"channel": typing.channel, "typing": shown, "count": count})


def _typists(typing: TypingList, viewer: str | None, now: int) -> tuple[list[dict[str, Any]], int]:
    others = [
        {"user": typist.user, "expires_in": typist.expires_at - now}
        for typist in typing.typists
        if typist.user != viewer and typist.expires_at > now
    ]
    gone = sum(typist.user == viewer or typist.expires_at <= now for typist in typing.typists)
    return others[:SHOWN], typing.count - gone


def roll_json(roll: Roll) -> bytes:
    """Who is in a channel: all of them, the difference, or above 200 only how many."""
    told: dict[str, Any] = {"channel": roll.channel, "count": roll.count}
    if roll.count <= MEMBERS and roll.members is not None:
        told["members"] = roll.members
    elif roll.count <= MEMBERS:
        told |= {"joined": roll.joined, "left": roll.left}
    return msgspec.json.encode(told)


def channel_json(roll: Roll, typing: TypingList, viewer: str | None, now: int) -> bytes:
    """One channel as a query answers it: how many are there, up to 200 of them, and who types."""
    shown, _ = _typists(typing, viewer, now)
    return msgspec.json.encode(
        {
            "channel": roll.channel,
            "count": roll.count,
            "members": (roll.members or ())[:MEMBERS],
            "typing": shown,
        }
    )


def frame(event: str, data: bytes, *, cursor: str | None = None, retry: int | None = None) -> bytes:
    """One event; `data` is JSON, `retry` in milliseconds."""
    return b"%b%bevent: %b\ndata: %b\n\n" % (
        b"" if retry is None else b"retry: %d\n" % retry,
        b"" if cursor is None else b"id: %b\n" % cursor.encode(),
        event.encode(),
        data,
    )


def told(event: str, data: dict[str, Any], *, retry: int | None = None) -> bytes:
    """One event with few and small data: hello, ping, stale, fresh, bye."""
    return frame(event, msgspec.json.encode(data), retry=retry)


def presence(records: Sequence[bytes], cursor: str | None) -> bytes:
    """Final states, each user once: by far the most frequent frame, so it is written out."""
    place = b"" if cursor is None else b"id: %b\n" % cursor.encode()
    return b'%bevent: presence\ndata: {"users":[%b]}\n\n' % (place, b",".join(records))


def presence_parts(records: Sequence[bytes], cursor: str) -> bytes:
    """What changed since a cursor, in parts if it is much; the last part carries the cursor forward."""
    last = max(0, (len(records) - 1) // PART) * PART
    parts = [presence(records[start : start + PART], None) for start in range(0, last, PART)]
    return b"".join([*parts, presence(records[last:], cursor)])


def snapshot(records: Sequence[bytes], cursor: str, settling: int = 0) -> bytes:
    """Everything, in parts; `settling` are milliseconds for which the store may lack what it lost."""
    parts = max(1, -(-len(records) // PART))
    waits = b',"settling_ms":%d' % settling if settling else b""
    return b"".join(
        frame(
            "snapshot",
            b'{"users":[%b],"part":%d,"parts":%d%b}'
            % (b",".join(records[(part - 1) * PART : part * PART]), part, parts, waits),
            cursor=cursor if part == parts else None,
        )
        for part in range(1, parts + 1)
    )


def typing(channels: Sequence[bytes]) -> bytes:
    """The whole current list of each of these channels."""
    return frame("typing", b'{"channels":[%b]}' % b",".join(channels))


def channels(rolls: Sequence[bytes]) -> bytes:
    """Who is in each of these channels, or came and went."""
    return frame("channel", b'{"channels":[%b]}' % b",".join(rolls))


def place(cursor: str) -> bytes:
    """No event, but a cursor: what was told before it is all there was to tell."""
    return b"id: %b\n\n" % cursor.encode()


def bye(reason: str, retry: int) -> bytes:
    """The last event of a stream: why, and when to come back."""
    return told("bye", {"reason": reason, "retry_ms": retry}, retry=retry)
