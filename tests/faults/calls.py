"""Calls of clients, by httpx: each is kept in the history, whatever became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from random import Random
from types import TracebackType
from typing import Any, Self

import httpx

from tests.faults.client import client
from tests.faults.history import OK, UNKNOWN, WITHDRAWN, History, Kind, Query, Signal, now
from tests.faults.node import Node

PATIENCE = 5.0
"""Seconds after which a client gives a request up."""


class Calls:
    """All requests of a round but its streams."""

    def __init__(self, nodes: Sequence[Node], history: History) -> None:
        self.nodes = nodes
        self._history = history
        self._client = client(PATIENCE)

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        await self._client.__aexit__(kind, error, where)

    async def signal(self, user: str, kind: Kind, body: dict[str, Any], node: int) -> Signal:
        """Send a signal once."""
        sent = now()
        code, answer, headers = UNKNOWN, {}, {}
        try:
            response = await self._client.post(
                f"{self.nodes[node].url}/v1/{kind}", json=body, headers={"X-Presence-User": user}
            )
            code, answer, headers = response.status_code, response.json(), dict(response.headers)
            if not self._history.exact:
                answer.pop("time", None)
        except httpx.TransportError:
            pass  # it may have been taken or not
        except asyncio.CancelledError:
            code = WITHDRAWN
            raise
        finally:
            signal = Signal(user, kind, body, node, sent, now(), code, answer, headers)
            self._history.signals.append(signal)
        return signal

    async def insist(
        self, user: str, kind: Kind, body: dict[str, Any], node: int, random: Random
    ) -> tuple[Signal, int]:
        """Send a signal to one node, and if that does not take it to another; also the node to stay with."""
        signal = await self.signal(user, kind, body, node)
        if signal.code != OK:
            node = (node + random.randint(1, len(self.nodes) - 1)) % len(self.nodes)
            signal = await self.signal(user, kind, body, node)
        return signal, node

    async def members(self, channel: str, node: int) -> list[str] | None:
        """Ask a node who is in a channel, by name; None if it did not answer."""
        try:
            response = await self._client.get(
                f"{self.nodes[node].url}/v1/channels/{channel}", headers={"X-Presence-User": "observer"}
            )
        except httpx.TransportError:
            return None
        return sorted(response.json()["members"]) if response.status_code == OK else None

    async def query(self, users: Sequence[str], node: int, viewer: str = "observer") -> Query | None:
        """Ask a node about users; None if it did not answer."""
        sent = now()
        try:
            response = await self._client.post(
                f"{self.nodes[node].url}/v1/presence",
                json={"users": list(users)},
                headers={"X-Presence-User": viewer},
            )
        except httpx.TransportError:
            return None
        if response.status_code != OK:
            return None
        data = response.json()
        records = {record["user"]: record for record in data["users"]}
        time = data["time"] if self._history.exact else 0
        query = Query(node, viewer, sent, now(), records, time, data.get("settling_ms", 0))
        self._history.queries.append(query)
        return query
