"""A single server by its URL, directly or as the master that Sentinels name.

`redis://`, `rediss://` and `unix://` are redis-py's own forms. `redis+sentinel://host:port,host:port/name`
asks Sentinels for the master of a name, again with each new connection, so that a failover needs no restart.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

from redis.asyncio import BlockingConnectionPool, Redis, Sentinel
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as LostConnection

from sse_presence.errors import SettingsError

COMMAND_TIMEOUT = 2.0
"""Seconds: a signal that cannot be stored is told so within about this."""

CONNECTIONS = 64
"""At most this many at once, more wait: the default pool would raise under a burst."""

SENTINEL_PORT = 26379


def options() -> dict[str, Any]:
    """How every connection behaves: once more on a dead one, no longer than the time-out on a frozen one.

    It speaks RESP2, of which we miss nothing: of RESP3's pushes, redis-py makes a text each to log it.
    """
    return {
        "protocol": 2,
        "socket_timeout": COMMAND_TIMEOUT,
        "socket_connect_timeout": COMMAND_TIMEOUT,
        "retry": Retry(NoBackoff(), 1, supported_errors=(LostConnection,)),
    }


def connect(url: str) -> Redis:
    """The server at a URL; nothing is connected before its first command. Raises SettingsError."""
    scheme = urlsplit(url).scheme
    if scheme in {"redis+sentinel", "rediss+sentinel"}:
        return _named_by_sentinels(url)
    if scheme not in {"redis", "rediss", "unix"}:
        raise SettingsError(
            f"REDIS_URL has the scheme {scheme!r}; use redis://, rediss://, unix://, redis+sentinel:// "
            "or redis+cluster://."
        )
    try:
        pool = BlockingConnectionPool.from_url(
            url, max_connections=CONNECTIONS, timeout=COMMAND_TIMEOUT, **options()
        )
    except ValueError as error:
        raise SettingsError(f"REDIS_URL cannot be read: {error}") from error
    return Redis.from_pool(pool)


def _named_by_sentinels(url: str) -> Redis:
    parts = urlsplit(url)
    credentials, _, addresses = parts.netloc.rpartition("@")
    name, _, database = parts.path.strip("/").partition("/")
    if not addresses or not name or not (database or "0").isdigit():
        raise SettingsError(
            "REDIS_URL of Sentinels names them and the master, and may name a database: "
            "redis+sentinel://host:26379,host:26379/mymaster/0"
        )
    username, _, password = credentials.partition(":")
    sentinels = [_address(address) for address in addresses.split(",")]
    sentinel = Sentinel(sentinels, sentinel_kwargs=options())  # type: ignore[no-untyped-call]
    return sentinel.master_for(  # type: ignore[no-any-return]
        name,
        db=int(database or 0),
        username=unquote(username) or None,
        password=unquote(password) or None,
        ssl=parts.scheme.startswith("rediss"),
        max_connections=CONNECTIONS,
        **options(),
    )


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host:
        return text, SENTINEL_PORT
    if not port.isdigit():
        raise SettingsError(f"REDIS_URL has {port!r} where the port of a Sentinel should be.")
    return host.strip("[]"), int(port)
