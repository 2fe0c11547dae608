"""How contenders are spoken to: what a stream asks for, and how a user's change is made.

Every change carries `@<nanoseconds>@` of the clock that all processes of the machine share, so that whoever
reads it knows how old it is. All contenders send the same JSON for it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import NamedTuple, Protocol


class Call(NamedTuple):
    """A POST."""

    target: str
    body: bytes

    def encode(self) -> bytes:
        """As it goes over the wire."""
        return (
            f"POST {self.target} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(self.body)}\r\n\r\n"
        ).encode() + self.body


class Dialect(Protocol):
    """One way to speak."""

    ready: re.Pattern[bytes]
    """A stream is open when this came."""

    def watch(self, number: int, users: Sequence[int]) -> str:
        """The target of a stream."""
        ...

    def change(self, user: int, stamp: int) -> Call:
        """A change of a user that all who watch it are told."""
        ...


def heartbeat(user: int) -> Call:
    """A heartbeat that changes nothing."""
    return Call(f"/v1/heartbeat?as=user-{user}", b'{"device":"d"}')


def typing(user: int, channel: int) -> Call:
    """A start or refresh of typing."""
    body = f'{{"device":"d","channel":"room-{channel}","typing":true}}'
    return Call(f"/v1/typing?as=user-{user}", body.encode())


class Presence:
    """The service itself."""

    ready = re.compile(rb"^event: (?:snapshot|presence)\n.*?\n\n", re.DOTALL | re.MULTILINE)

    def watch(self, number: int, users: Sequence[int]) -> str:
        """All users as parameters."""
        return "&".join([f"/v1/events?as=watcher-{number}", *(f"user=user-{user}" for user in users)])

    def change(self, user: int, stamp: int) -> Call:
        """A chosen status."""
        return Call(f"/v1/status?as=user-{user}", f'{{"status":"dnd","text":"@{stamp}@"}}'.encode())


class Topics:
    """Servers that hand on whatever is published: one topic a user, and the record made by the publisher."""

    ready = re.compile(rb"\r\n\r\n")

    def watch(self, _: int, users: Sequence[int]) -> str:
        """All topics, with commas between them."""
        return "/events?id=" + ",".join(f"user-{user}" for user in users)

    def change(self, user: int, stamp: int) -> Call:
        """The event that the service would send."""
        record = {
            "user": f"user-{user}",
            "status": "dnd",
            "version": stamp // 1_000_000,
            "text": f"@{stamp}@",
        }
        return Call(
            f"/publish?id=user-{user}", json.dumps({"users": [record]}, separators=(",", ":")).encode()
        )


DIALECTS: dict[str, Dialect] = {"presence": Presence(), "topics": Topics()}
