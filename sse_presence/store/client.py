"""The connection to Redis or Valkey, by URL: single, TLS, unix socket, Sentinel or cluster.

Every way for the store to be out of reach becomes `StoreUnavailable`. A command is tried once more on a
connection that turned out to be dead, and never waits longer than `COMMAND_TIMEOUT` for a frozen server.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple, cast

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import (
    NoScriptError,
    ReadOnlyError,
    RedisClusterException,
    RedisError,
    ResponseError,
)

from sse_presence.errors import StoreUnavailable
from sse_presence.store.cluster import Cluster
from sse_presence.store.script import Script
from sse_presence.store.server import COMMAND_TIMEOUT, connect, database_of

LOST = (RedisError, RedisClusterException, OSError, RuntimeError)
"""A connection that is no more; uvloop has a RuntimeError for one that closed just now, and redis-py an error
that is none of its others for a cluster of which it reaches no server."""


class Refused(StoreUnavailable):
    """The server answered one operation with an error that is that operation's own."""


class Home(NamedTuple):
    """A server that publishes some channels."""

    channels: tuple[bytes, ...]
    redis: Redis
    sharded: bool
    """Whether it is one of a cluster's, and the channels are sharded."""

    def connect(self) -> PubSub:
        """A connection on bytes; its owner reads and closes it."""
        return self.redis.pubsub()

    async def subscribe(self, pubsub: PubSub) -> None:
        """Ask for all channels; a cluster wants those of different slots asked for one by one."""
        if not self.sharded:
            await pubsub.subscribe(*self.channels)
            return
        for channel in self.channels:
            await pubsub.ssubscribe(channel)

    async def hear(self, pubsub: PubSub) -> list[bytes]:
        """The next that comes: its kind, its channel and its data; a lost connection raises one of LOST.

        Read from the connection itself, for a PubSub would connect again without a word, at twice the cost.
        """
        connection = cast("AbstractConnection", pubsub.connection)
        answer = await connection.read_response(
            timeout=math.inf, disconnect_on_error=False, push_request=True
        )
        return cast("list[bytes]", answer)

    async def close(self, pubsub: PubSub) -> None:
        """End the connection."""
        await pubsub.aclose()  # type: ignore[no-untyped-call]
        if self.sharded:
            await self.redis.aclose()


class Client:
    """Commands of one service on one store. `close()` ends all its connections."""

    def __init__(self, url: str) -> None:
        self._script = Script()
        self.clustered = "+cluster://" in url
        self._server: Redis | Cluster = Cluster(url) if self.clustered else connect(url)
        self.failures = 0
        """Commands that were not answered as they should be."""

    @property
    def database(self) -> int:
        """The number of the database on its server; a cluster has but one."""
        return database_of(self._server) if isinstance(self._server, Redis) else 0

    async def close(self) -> None:
        """End all connections."""
        await self._server.aclose()

    async def homes(self, channels: Sequence[bytes]) -> list[Home]:
        """The servers that publish these channels, as far as is known now."""
        if isinstance(self._server, Redis):
            return [Home(tuple(channels), self._server, sharded=False)]
        servers = await self._guard(self._server.servers(channels))
        return [Home(tuple(part), redis, sharded=True) for redis, part in servers]

    async def run(self, keys: tuple[bytes, ...], *arguments: bytes) -> bytes:
        """Run the script; raises Refused or StoreUnavailable."""
        script = self._script
        try:
            answer = await self._guard(
                self._on(keys[0], "EVALSHA", script.digest, len(keys), *keys, *arguments)
            )
        except NoScriptError:
            answer = await self._guard(self._on(keys[0], "EVAL", script.source, len(keys), *keys, *arguments))
        return cast("bytes", answer)

    async def hash_default(self, key: str, field: str, value: str | bytes) -> bytes:
        """A hash field, set to `value` if it was missing."""
        await self._guard(self._on(key.encode(), "HSETNX", key, field, value))
        kept = await self._guard(self._on(key.encode(), "HGET", key, field))
        if kept is None:
            raise StoreUnavailable("The store was emptied just now.")
        return cast("bytes", kept)

    async def put(self, key: str, value: bytes, ttl: int) -> None:
        """Keep a value for `ttl` milliseconds."""
        await self._ask(key, "SET", key, value, "PX", ttl)

    async def get(self, key: str) -> bytes | None:
        """A value that is kept; None where there is none."""
        return cast("bytes | None", await self._ask(key, "GET", key))

    async def note(self, key: str, time: int, value: bytes, oldest: int) -> None:
        """Note a value as of a time, or of the latest note's if the clock went back.

        Notes from before `oldest` are dropped.
        """
        latest = await self._ask(key, "ZRANGE", key, -1, -1, "WITHSCORES")
        place = max(time, int(float(latest[1]))) if latest else time
        await self._ask(key, "ZADD", key, place, value)
        await self._ask(key, "ZREMRANGEBYSCORE", key, "-inf", f"({oldest}")

    async def notes(self, key: str, since: int) -> list[tuple[int, bytes]]:
        """The values that were noted since a time, in their order, each with the time."""
        notes = await self._guard(self._on(key.encode(), "ZRANGEBYSCORE", key, since, "+inf", "WITHSCORES"))
        return [(int(float(place)), value) for value, place in zip(notes[::2], notes[1::2], strict=True)]

    async def now(self, key: str) -> int:
        """What time it is for the server that holds a key, in milliseconds."""
        seconds, microseconds = await self._ask(key, "TIME")
        return int(seconds) * 1000 + int(microseconds) // 1000

    async def memory_policy(self, key: str) -> str:
        """The `maxmemory-policy` of the server that holds a key; empty where it does not tell."""
        info = await self._guard(self._on(key.encode(), "INFO", "memory"))
        return str(info.get("maxmemory_policy", "")) if isinstance(info, dict) else ""

    async def _ask(self, key: str, *command: Any) -> Any:
        """Run a command that somebody waits for: each step of connecting may take as long by itself."""
        try:
            async with asyncio.timeout(COMMAND_TIMEOUT):
                return await self._guard(self._on(key.encode(), *command))
        except TimeoutError:
            self.failures += 1
            raise StoreUnavailable("The store takes too long to answer.") from None

    def _on(self, key: bytes, *command: Any) -> Awaitable[Any]:
        """A command, on the server that holds a key."""
        if isinstance(self._server, Redis):
            return cast("Awaitable[Any]", self._server.execute_command(*command))  # type: ignore[no-untyped-call]
        return self._server.execute(key, *command)

    async def _guard(self, command: Awaitable[Any]) -> Any:
        try:
            return await command
        except NoScriptError:
            raise
        except ResponseError as error:
            self.failures += 1
            if isinstance(error, ReadOnlyError) and isinstance(self._server, Redis):
                # Its master was demoted and lives on; whoever has the address now is found by connecting.
                await self._server.connection_pool.disconnect(inuse_connections=False)
            kind: Callable[[str], StoreUnavailable] = (
                Refused if "WRONGTYPE" in str(error) else StoreUnavailable
            )
            raise kind(f"The store refused a command: {error}") from error
        except LOST as error:
            self.failures += 1
            raise StoreUnavailable(f"The store cannot be reached: {error}") from error
