"""A watcher as clients are: it reads its stream, and when that ends or falls silent it opens another."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from random import Random

import httpx
from httpx_sse import EventSource

from tests.faults.client import client
from tests.faults.figures import SETTINGS
from tests.faults.history import ENDED, GIVEN_UP, OK, REFUSED, Connection, History, Told, Watching, now
from tests.faults.node import Node
from tests.faults.plan import Watch
from tests.faults.view import View

SILENCE = 2 * SETTINGS.ping / 1000 + 2
"""Seconds of silence after which a client gives the stream up."""

HANDSHAKE = 4.0


class Watcher:
    """One watcher; `view` is what it knows at this moment."""

    def __init__(self, watch: Watch, nodes: Sequence[Node], history: History, random: Random) -> None:
        self.watching = Watching(watch.name, watch.viewer, watch.users, watch.channels, watch.device)
        self.view = View(watch.viewer)
        history.watchings.append(self.watching)
        self._watch = watch
        self._nodes = nodes
        self._random = random
        self._last_id = ""
        interest = [
            *(("user", user) for user in watch.users),
            *(("channel", name) for name in watch.channels),
        ]
        device = [("device", watch.device)] if watch.device else []
        self._parameters = httpx.QueryParams([("as", watch.viewer), *interest, *device])

    async def run(self) -> None:
        """Watch until cancelled."""
        node = self._random.randrange(len(self._nodes))
        timeout = httpx.Timeout(HANDSHAKE, read=SILENCE)
        async with client(timeout) as requests:
            while True:
                connection = Connection(node, self._last_id, now())
                self.watching.connections.append(connection)
                self.view.connect()
                try:
                    connection.ending = await self._read(requests, connection)
                except (httpx.TimeoutException, asyncio.CancelledError) as error:
                    connection.ending = GIVEN_UP
                    if isinstance(error, asyncio.CancelledError):
                        raise
                except httpx.TransportError as error:
                    connection.ending = f"broke off ({type(error).__name__})" if connection.told else REFUSED
                finally:
                    connection.closed = now()
                    self.view.connect()
                if self._watch.forgetful:
                    self._last_id = ""
                await asyncio.sleep(self._random.uniform(0.05, 0.5))
                node = self._random.randrange(len(self._nodes))

    async def _read(self, requests: httpx.AsyncClient, connection: Connection) -> str:
        headers = {"Last-Event-ID": self._last_id} if self._last_id else {}
        url = f"{self._nodes[connection.node].url}/v1/events"
        async with requests.stream("GET", url, params=self._parameters, headers=headers) as response:
            if response.status_code != OK:
                return f"answered {response.status_code}"
            async for source in EventSource(response).aiter_sse():
                told = Told(source.event, source.json(), source.id, now())
                connection.told.append(told)
                self.view.apply(told)
                self._last_id = source.id or self._last_id
        return ENDED
