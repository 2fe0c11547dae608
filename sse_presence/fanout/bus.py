"""The bus of the store: one connection, and one task that subscribes, reads and closes it.

Whatever may have cost a message ends the connection: an error, silence, a confirmation that nobody asked
for (a client that reconnected by itself). Those who follow are told that it is lost, a new connection is
made, and they are told where it goes on. A frozen server, which breaks no connection, is noticed by the
marks that stay out.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from random import Random
from typing import Any

import msgspec
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from sse_presence.domain.message import Message
from sse_presence.errors import StoreUnavailable
from sse_presence.fanout.mender import Mender

Positions = Mapping[int, tuple[str, int, int]]
"""Partition → (incarnation, seq, position)."""

TURN = 50
"""Messages taken before the loop's other work gets its turn."""

_PAUSES = (0.1, 2.0)
"""Seconds before connecting again, doubled from the first to the last."""

_CONFIRMED_WITHIN = 2.0
"""Seconds in which a server confirms a subscription, or is not there."""

_DECODER = msgspec.msgpack.Decoder(Message)

log = logging.getLogger("sse_presence")


class _BrokenError(Exception):
    """The connection cannot be trusted any more."""


class Bus:
    """Hears all partitions of a store."""

    def __init__(
        self,
        connect: Callable[[], PubSub],
        channels: Mapping[bytes, int],
        begin: Callable[[], Awaitable[Positions]],
        hear: Callable[[int, Message], None],
        mender: Mender,
    ) -> None:
        """`channels`: name → partition. `begin` reads, once subscribed, where the store stands."""
        self._connect = connect
        self._channels = channels
        self._begin = begin
        self._hear = hear
        self._mender = mender
        self._random = Random()  # noqa: S311 - spreads load, keeps no secret
        self.heard = asyncio.Event()
        """Set while it is."""
        self._missed = False
        """Whether that it is not has been logged."""

    async def run(self) -> None:
        """Hear until cancelled, whatever the store does."""
        pause = _PAUSES[0]
        while True:
            try:
                await self._listen()
            except (RedisError, OSError, StoreUnavailable, _BrokenError) as error:
                pause = _PAUSES[0] if self.heard.is_set() else min(2 * pause, _PAUSES[1])
                self._lost(error)
            await asyncio.sleep(pause * self._random.uniform(0.5, 1))

    def _lost(self, error: Exception) -> None:
        if self.heard.is_set() or not self._missed:
            log.warning("The bus is lost: %s", error)
        self.heard.clear()
        self._missed = True
        self._mender.lost()

    async def _listen(self) -> None:
        pubsub = self._connect()
        try:
            await pubsub.subscribe(*self._channels)
            async with asyncio.timeout(_CONFIRMED_WITHIN):
                for _ in self._channels:
                    await self._confirmed(pubsub)
            self._mender.regained(await self._begin())
            self.heard.set()
            log.info("The bus is heard")
            await self._follow(pubsub)
        finally:
            await pubsub.aclose()  # type: ignore[no-untyped-call]

    async def _confirmed(self, pubsub: PubSub) -> None:
        message: dict[str, Any] | None = None
        while message is None:
            message = await pubsub.get_message(timeout=_CONFIRMED_WITHIN)
        if message["type"] != "subscribe":
            raise _BrokenError(f"a {message['type']} came in place of a subscription")

    async def _follow(self, pubsub: PubSub) -> None:
        """Take messages, and once a second look for silence."""
        loop = asyncio.get_running_loop()
        watch = loop.time() + 1
        taken = 0
        while True:
            message = await pubsub.get_message(timeout=max(0.001, watch - loop.time()))
            if message is not None:
                self._take(message)
                taken += 1
                if taken % TURN == 0:
                    await asyncio.sleep(0)
            if loop.time() >= watch:
                watch = loop.time() + 1
                if self._mender.second():
                    raise _BrokenError("no mark for five seconds")

    def _take(self, message: dict[str, Any]) -> None:
        if message["type"] != "message":
            raise _BrokenError(f"a {message['type']} came unasked: messages may be lost")
        try:
            decoded = _DECODER.decode(message["data"])
        except msgspec.DecodeError as error:
            raise _BrokenError(f"a message cannot be read: {error}") from error
        self._hear(self._channels[message["channel"]], decoded)
