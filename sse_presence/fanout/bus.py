"""The bus of the store: one connection a server, and one task each that subscribes, reads and closes it.

Whatever may have cost a message ends the connection: an error, silence, a confirmation that nobody asked
for (a client that reconnected by itself), a channel that moved to another server. Those who follow its
partitions are told that they are lost, a new connection is made, and they are told where it goes on; the
other servers' partitions do not notice. A frozen server, which breaks no connection, is noticed by the
marks that stay out.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from random import Random
from typing import Any

import msgspec
from redis.asyncio.client import PubSub

from sse_presence.domain.message import Message
from sse_presence.errors import StoreUnavailable
from sse_presence.fanout.mender import Mender
from sse_presence.store.client import LOST, Home
from sse_presence.tasks import end

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
        homes: Callable[[Sequence[bytes]], Awaitable[list[Home]]],
        channels: Mapping[bytes, int],
        begin: Callable[[Sequence[int]], Awaitable[Positions]],
        hear: Callable[[int, Message], None],
        mender: Mender,
    ) -> None:
        """`homes` tells where channels are published, `channels` which partition each is of.

        `begin` reads, once partitions are subscribed to, where the store stands.
        """
        self._homes = homes
        self._channels = channels
        self._begin = begin
        self._hear = hear
        self._mender = mender
        self._random = Random()  # noqa: S311 - spreads load, keeps no secret
        self.heard = asyncio.Event()
        """Set while all partitions are."""
        self._unheard = set(channels.values())

    async def run(self) -> None:
        """Hear until cancelled, whatever the store does."""
        await self._hold(tuple(self._channels), said=False)

    async def _hold(self, channels: Sequence[bytes], *, said: bool) -> None:
        """Hear some channels for ever; those of different servers part ways. `said`: the loss is logged."""
        numbers = [self._channels[channel] for channel in channels]
        pause = _PAUSES[0]
        while True:
            try:
                homes = await self._homes(channels)
                if len(homes) > 1:
                    break
                await self._listen(homes[0], numbers)
            except (*LOST, StoreUnavailable, _BrokenError) as error:
                heard = self._unheard.isdisjoint(numbers)
                pause = _PAUSES[0] if heard else min(2 * pause, _PAUSES[1])
                if heard or not said:
                    log.warning("The bus is lost: %s", error)
                said = True
                self.heard.clear()
                self._unheard.update(numbers)
                self._mender.lost(numbers)
            await asyncio.sleep(pause * self._random.uniform(0.5, 1))
        parts = [asyncio.create_task(self._hold(home.channels, said=said)) for home in homes]
        try:
            await asyncio.gather(*parts)
        finally:
            await end(*parts)

    async def _listen(self, home: Home, numbers: Sequence[int]) -> None:
        pubsub = home.connect()
        try:
            async with asyncio.timeout(_CONFIRMED_WITHIN):
                await home.subscribe(pubsub)
                for _ in home.channels:
                    await self._confirmed(pubsub)
            self._mender.regained(await self._begin(numbers))
            self._unheard.difference_update(numbers)
            if not self._unheard:
                self.heard.set()
                log.info("The bus is heard")
            await self._follow(home, pubsub, numbers)
        finally:
            await home.close(pubsub)

    async def _confirmed(self, pubsub: PubSub) -> None:
        """Wait for a confirmation, past what comes on channels confirmed before: positions are read later."""
        message: dict[str, Any] | None = None
        while message is None or message["type"] in {"message", "smessage"}:
            message = await pubsub.get_message(timeout=_CONFIRMED_WITHIN)
        if message["type"] not in {"subscribe", "ssubscribe"}:
            raise _BrokenError(f"a {message['type']} came in place of a subscription")

    async def _follow(self, home: Home, pubsub: PubSub, numbers: Sequence[int]) -> None:
        """Take messages until the server has gone silent."""
        try:
            async with asyncio.timeout(None) as patience:
                watch = asyncio.create_task(self._watch(numbers, patience))
                try:
                    await self._take_all(home, pubsub)
                finally:
                    await end(watch)
        except TimeoutError:
            raise _BrokenError("no mark for five seconds") from None

    async def _watch(self, numbers: Sequence[int], patience: asyncio.Timeout) -> None:
        """End what waits for messages once there is no mark for too long."""
        silent = False
        while not silent:
            await asyncio.sleep(1)
            silent = self._mender.second(numbers)
        patience.reschedule(0)

    async def _take_all(self, home: Home, pubsub: PubSub) -> None:
        taken = 0
        while True:
            self._take(*await home.hear(pubsub))
            taken += 1
            if taken % TURN == 0:
                await asyncio.sleep(0)

    def _take(self, kind: bytes, channel: bytes, data: bytes) -> None:
        if kind not in {b"message", b"smessage"}:
            raise _BrokenError(f"a {kind.decode()} came unasked: messages may be lost")
        try:
            decoded = _DECODER.decode(data)
        except msgspec.DecodeError as error:
            raise _BrokenError(f"a message cannot be read: {error}") from error
        self._hear(self._channels[channel], decoded)
