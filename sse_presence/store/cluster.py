"""A Redis or Valkey Cluster: each partition's commands and channel on the server that holds its slot.

A slot that has moved is followed, as is a replica that was promoted. A slot *on the move* is not: half of
a user could be on each side, and a script that is let in there would take what it does not see for new.
Its commands fail with an error, which becomes a 503, until the move is done.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from redis.asyncio import ConnectionPool, Redis, RedisCluster
from redis.asyncio.cluster import ClusterNode
from redis.exceptions import ClusterDownError, MovedError, RedisError, SlotNotCoveredError
from redis.exceptions import ConnectionError as LostConnection
from redis.exceptions import TimeoutError as NoAnswer

from sse_presence.store.server import CONNECTIONS, options, reading_url

_ELSEWHERE = (MovedError, LostConnection, NoAnswer, ClusterDownError, SlotNotCoveredError)
"""What may mean that another server has the slot now."""


class Cluster:
    """The servers of a cluster, and which of them holds what."""

    def __init__(self, url: str) -> None:
        with reading_url():
            self._cluster = RedisCluster.from_url(url.replace("+cluster", "", 1), **options())
        self._turns = defaultdict[str, asyncio.Semaphore](lambda: asyncio.Semaphore(CONNECTIONS))
        """Server → its commands at once; more wait, for redis-py would open a connection for each."""
        self._known = False
        self._learned = 0
        """How many times the servers were asked who holds what."""
        self._learning: asyncio.Task[None] | None = None
        """Asks them now; all that wait for it succeed or fail together."""

    async def aclose(self) -> None:
        """End all connections."""
        if self._learning is not None:
            self._learning.cancel()
            await asyncio.wait([self._learning])
        await self._cluster.aclose()

    async def execute(self, key: bytes, *command: Any) -> Any:
        """Run a command where a key lives; raises RedisError."""
        node = await self._node(key)
        learned = self._learned
        try:
            return await self._ask(node, command)
        except MovedError:
            self._doubt(learned)
            return await self._ask(await self._node(key), command)
        except _ELSEWHERE:
            self._doubt(learned)
            raise

    async def _ask(self, node: ClusterNode, command: tuple[Any, ...]) -> Any:
        async with self._turns[node.name]:
            return await node.execute_command(*command)

    def _doubt(self, learned: int) -> None:
        """Ask again, once, however many commands of all partitions fail for what was learned then."""
        if learned == self._learned:
            self._known = False

    async def servers(self, channels: Iterable[bytes]) -> list[tuple[Redis, list[bytes]]]:
        """A client of its own for each server that holds some of these channels' slots."""
        self._known = False
        parts: dict[str, tuple[ClusterNode, list[bytes]]] = {}
        for channel in channels:
            node = await self._node(channel)
            parts.setdefault(node.name, (node, []))[1].append(channel)
        return [(Redis.from_pool(_connections(node)), part) for node, part in parts.values()]

    async def _node(self, key: bytes) -> ClusterNode:
        if not self._known:
            if self._learning is None:
                self._learning = asyncio.create_task(self._learn())
            await asyncio.shield(self._learning)
        node = self._cluster.get_node_from_key(key.decode())
        if node is None:
            raise RedisError("No server of the cluster holds the slot.")
        return node

    async def _learn(self) -> None:
        try:
            await self._cluster.initialize()
            await self._cluster.nodes_manager.initialize()
            self._known = True
            self._learned += 1
        finally:
            self._learning = None


def _connections(node: ClusterNode) -> ConnectionPool:
    """New connections to a node, made as the cluster's own are."""
    return ConnectionPool(connection_class=node.connection_class, **node.connection_kwargs)
