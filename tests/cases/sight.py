"""What a stream has shown of one user so far, and waiting until it shows more."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from tests.stream import CEILING, Stream


@dataclass(frozen=True)
class Seen:
    """A record of the user, and when it came."""

    record: dict[str, Any]
    at: float

    @property
    def status(self) -> str:
        return str(self.record["status"])


def history(stream: Stream, user: str) -> list[Seen]:
    """Every record of the user so far, in order."""
    return [
        Seen(record, event.at)
        for event in stream.received
        if event.name in {"snapshot", "presence"}
        for record in event.data["users"]
        if record["user"] == user
    ]


async def shown(stream: Stream, user: str, number: int, seconds: float = CEILING) -> Seen:
    """The record with this number, once it has come; the one of a snapshot is number 0."""
    try:
        async with asyncio.timeout(seconds):
            while len(seen := history(stream, user)) <= number:  # noqa: ASYNC110 - streams set no event
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise AssertionError(f"No record {number} of {user} in {seconds} s: {stream.received}") from None
    return seen[number]


async def becomes(stream: Stream, user: str, status: str, seconds: float = CEILING) -> Seen:
    """The newest record, once it has this status."""
    try:
        async with asyncio.timeout(seconds):
            while not (seen := history(stream, user)) or seen[-1].status != status:  # noqa: ASYNC110 - likewise
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise AssertionError(f"{user} not {status} in {seconds} s: {stream.received}") from None
    return seen[-1]
