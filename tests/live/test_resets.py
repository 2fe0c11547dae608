"""Connections that are reset at every point of their life leave nothing behind."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from redis.asyncio import Redis

from tests.conftest import Live, StartLive
from tests.stores.machines import until

COUNT = 5_000
AT_ONCE = 100

STREAM = b"GET /v1/events?user=alice&device=d HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Presence-User: %s\r\n\r\n"
BEAT = b"POST /v1/heartbeat?as=alice HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"


async def reset(port: int, say: bytes, read_until: bytes) -> None:
    """Connect, say something, read as far as told, and reset the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(say)
    if read_until:
        await reader.readuntil(read_until)
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def stream(number: int) -> bytes:
    return STREAM % b"watcher-%d" % (number % 97)


WAYS: dict[str, tuple[Callable[[int], bytes], bytes]] = {
    "bare connect": (lambda _: b"", b""),
    "before the headers": (lambda number: stream(number)[:-2], b""),
    "at once after asking": (stream, b""),
    "after the headers": (stream, b"\r\n\r\n"),
    "in the middle of an event": (stream, b"event: snap"),
    "with a body half sent": (lambda _: BEAT + b'Content-Length: 100\r\n\r\n{"device', b""),
    "on a refusal": (lambda _: b"GET /v1/events?user=alice HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", b"401"),
}


class Held:
    """What a service holds."""

    def __init__(self, live: Live, redis: Redis) -> None:
        self._presence = live.app.state.presence
        self._redis = redis

    async def now(self) -> tuple[int, int, int, int, int]:
        """Streams, watched users, tasks, open files, and connections to the store."""
        register = self._presence.node.hub.register
        return (
            len(register.streams),
            sum(1 for partition in register.partitions for _ in partition.watched()),
            len(asyncio.all_tasks()),
            len(list(Path("/proc/self/fd").iterdir())),
            len(await self._redis.client_list()),
        )


@pytest.mark.parametrize("way", WAYS)
async def test_a_reset_leaves_nothing_behind(way: str, live: StartLive, redis_url: str) -> None:
    service = await live()
    redis = Redis.from_url(redis_url)
    held = Held(service, redis)
    say, read_until = WAYS[way]
    port = int(service.url.rpartition(":")[2])
    for number in range(AT_ONCE):  # connections to the store are opened as they are needed
        await reset(port, say(number), read_until)
    await asyncio.sleep(0.5)
    before = await held.now()
    for start in range(0, COUNT, AT_ONCE):
        await asyncio.gather(
            *(reset(port, say(number), read_until) for number in range(start, start + AT_ONCE))
        )

    async def nothing_is_left() -> bool:
        now = await held.now()
        return (
            now[:2] == (0, 0) and now[2] <= before[2] and now[3] <= before[3] + 8 and now[4] <= before[4] + 8
        )

    await until(nothing_is_left, f"all is given back: {json.dumps(before)}")
    await redis.aclose()
