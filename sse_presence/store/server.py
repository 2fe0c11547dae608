"""A single server by its URL, directly or as the master that Sentinels name.

`redis://`, `rediss://` and `unix://` are redis-py's own forms. `redis+sentinel://host:port,host:port/name`
asks Sentinels for the master of a name, again with each new connection, so that a failover needs no restart.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote, urlsplit

from redis.asyncio import BlockingConnectionPool, Redis, Sentinel
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import SentinelConnectionPool
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as LostConnection
from redis.exceptions import RedisClusterException, RedisError

from sse_presence.errors import SettingsError

COMMAND_TIMEOUT = 2.0
"""Seconds: a signal that cannot be stored is told so within about this."""

CONNECTIONS = 64
"""At most this many at once, more wait: the default pool would raise under a burst."""

SENTINEL_PORT = 26379

_THEIRS = "sentinel_"


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
    scheme = url.partition("://")[0].lower() if "://" in url else ""
    if scheme in {"redis+sentinel", "rediss+sentinel"}:
        return _named_by_sentinels(url)
    if not url:
        raise SettingsError(
            "Say where the store is, by Settings(redis_url=…): only `sse-presence serve` brings one along."
        )
    if scheme not in {"redis", "rediss", "unix"}:
        raise SettingsError(
            f"REDIS_URL has the scheme {scheme!r}; use redis://, rediss://, unix://, redis+sentinel:// "
            "or redis+cluster://."
        )
    with reading_url():
        pool = BlockingConnectionPool.from_url(
            url, max_connections=CONNECTIONS, timeout=COMMAND_TIMEOUT, **options()
        )
        if scheme != "unix":
            _refuse_no_number(urlsplit(url).path.strip("/"))
        pool.make_connection()  # type: ignore[no-untyped-call]  # takes no option that there is not
    return Redis.from_pool(pool)


def database_of(server: Redis) -> int:
    """The number of the database that commands go to."""
    return int(server.get_connection_kwargs().get("db") or 0)  # type: ignore[no-untyped-call]


@contextmanager
def reading_url() -> Iterator[None]:
    """What cannot be read of a URL is not repeated: it may be a part of the password."""
    try:
        yield
    except (ValueError, TypeError, RedisError, RedisClusterException):
        raise SettingsError(
            "REDIS_URL cannot be read: write redis://user:password@host:6379/0, with a number for the "
            "database and only options that redis-py knows; in user and password write / as %2F, @ as %40, "
            ": as %3A, # as %23 and ? as %3F."
        ) from None


class _PoolOfMaster(SentinelConnectionPool, BlockingConnectionPool):
    """Connections to the master of a name, of which more wait as on a single server."""


def _named_by_sentinels(url: str) -> Redis:
    """Options of the query are for the master; those that begin with `sentinel_` are for the Sentinels."""
    with reading_url():
        parts = urlsplit(url)
        given = dict(parse_url(f"redis://?{parts.query}"))
    credentials, _, addresses = parts.netloc.rpartition("@")
    name, _, database = parts.path.strip("/").partition("/")
    if not addresses or not name or not (database or "0").isdigit():
        raise SettingsError(
            "REDIS_URL of Sentinels names them and the master, and may name a database: "
            "redis+sentinel://host:26379,host:26379/mymaster/0"
        )
    username, _, password = credentials.partition(":")
    sentinels = [_address(address) for address in addresses.split(",")]
    theirs = {key.removeprefix(_THEIRS): given.pop(key) for key in tuple(given) if key.startswith(_THEIRS)}
    login = {"username": unquote(username) or None, "password": unquote(password) or None}
    pool = {
        "max_connections": CONNECTIONS,
        "timeout": COMMAND_TIMEOUT,
        "connection_pool_class": _PoolOfMaster,
    }
    with reading_url():
        sentinel = Sentinel(sentinels, sentinel_kwargs=options() | theirs)  # type: ignore[no-untyped-call]
        master: Redis = sentinel.master_for(
            name,
            ssl=parts.scheme.startswith("rediss"),
            **{"db": int(database or 0)} | login | options() | given | pool,
        )
        master.connection_pool.make_connection()  # type: ignore[no-untyped-call]
    return master


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host:
        return text, SENTINEL_PORT
    if not port.isdigit():
        raise SettingsError("REDIS_URL has no number where the port of a Sentinel should be.")
    return host.strip("[]"), int(port)


def _refuse_no_number(database: str) -> None:
    """A database has a number; redis-py takes the first for whatever has none."""
    if database and not database.isdigit():
        raise ValueError(database)
