"""The connection to Redis or Valkey, by URL: single, TLS, unix socket, cluster or Sentinel.

Every way for the store to be out of reach becomes `StoreUnavailable`. A command is tried once more on a
connection that turned out to be dead, and never waits longer than `COMMAND_TIMEOUT` for a frozen server.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, cast
from urllib.parse import urlsplit

from redis.asyncio import BlockingConnectionPool, Redis, RedisCluster
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as LostConnection
from redis.exceptions import NoScriptError, RedisError, ResponseError
from redis.exceptions import TimeoutError as NoAnswer

from sse_presence.errors import SettingsError, StoreUnavailable
from sse_presence.store.script import Script

COMMAND_TIMEOUT = 2.0
"""Seconds: a signal that cannot be stored is told so within about this."""

CONNECTIONS = 64
"""At most this many at once, more wait: the default pool would raise under a burst."""


class Refused(StoreUnavailable):
    """The server answered a command with an error."""


class Client:
    """Commands of one service on one store. `close()` ends all its connections."""

    def __init__(self, url: str) -> None:
        self._script = Script()
        self.clustered = url.startswith(("redis+cluster://", "rediss+cluster://"))
        self._redis: Redis | RedisCluster = _connect(url)

    async def close(self) -> None:
        """End all connections."""
        await self._redis.aclose()

    def pubsub(self) -> PubSub:
        """A bus connection on bytes; its owner reads, pings and closes it."""
        return cast("Redis", self._redis).pubsub()

    async def run(self, keys: tuple[bytes, ...], *arguments: bytes) -> bytes:
        """Run the script; raises Refused or StoreUnavailable."""
        try:
            answer = await self._guard(self._redis.evalsha(self._script.digest, len(keys), *keys, *arguments))
        except NoScriptError:
            answer = await self._guard(
                self._redis.eval(self._script.source.decode(), len(keys), *keys, *arguments)
            )
        return cast("bytes", answer)

    async def hash_default(self, key: str, field: str, value: str | bytes) -> bytes:
        """A hash field, set to `value` if it was missing."""
        await self._guard(self._redis.hsetnx(key, field, value))
        return cast("bytes", await self._guard(self._redis.hget(key, field)))

    async def memory_policy(self) -> str:
        """The server's `maxmemory-policy`; empty where it does not tell."""
        info: Any = await self._guard(self._redis.info("memory"))
        return str(info.get("maxmemory_policy", "")) if isinstance(info, dict) else ""

    async def _guard(self, command: Awaitable[Any]) -> Any:
        try:
            return await command
        except NoScriptError:
            raise
        except ResponseError as error:
            raise Refused(f"The store refused a command: {error}") from error
        except (LostConnection, NoAnswer, RedisError, OSError) as error:
            raise StoreUnavailable(f"The store cannot be reached: {error}") from error


def _connect(url: str) -> Redis | RedisCluster:
    scheme = urlsplit(url).scheme
    retry = Retry(NoBackoff(), 1, supported_errors=(LostConnection,))
    options: dict[str, Any] = {
        "socket_timeout": COMMAND_TIMEOUT,
        "socket_connect_timeout": COMMAND_TIMEOUT,
        "retry": retry,
    }
    if scheme.endswith("+cluster"):
        return RedisCluster.from_url(url.replace("+cluster", "", 1), **options)
    if scheme not in {"redis", "rediss", "unix"}:
        raise SettingsError(
            f"REDIS_URL has the scheme {scheme!r}; use redis://, rediss://, unix:// or redis+cluster://."
        )
    pool = BlockingConnectionPool.from_url(url, max_connections=CONNECTIONS, timeout=2, **options)
    return Redis.from_pool(pool)
