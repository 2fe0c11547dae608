"""A device as clients are: it beats, moves, hides, types, leaves, dies and comes back."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from itertools import count
from random import Random
from typing import Any

from tests.faults.calls import Calls
from tests.faults.figures import SETTINGS
from tests.faults.history import OK, Kind, now
from tests.faults.plan import Hand

RETRY = 0.3
"""Seconds before a beat that no node took is sent again."""


class Device:
    """One device; `run` ends when it is cancelled, or soon after `silence`."""

    def __init__(self, hand: Hand, calls: Calls, random: Random) -> None:
        self._hand = hand
        self._calls = calls
        self._random = random
        self._node = random.randrange(len(calls.nodes))
        self._seq = count(1)
        self._typing_seq = count(1)
        self._input_at = now()
        self._visible = True
        self._activity: str | None = None
        self._settled = asyncio.Event()
        self._silent = asyncio.Event()

    def settle(self) -> None:
        """From now on only beat, always in the same way."""
        self._settled.set()

    def silence(self) -> None:
        """Send nothing any more."""
        self._silent.set()

    async def run(self) -> None:
        """Live."""
        interval = (self._hand.interval_ms or SETTINGS.heartbeat) / 1000
        while not self._silent.is_set():
            if not self._settled.is_set():
                await self._act()
            taken = await self._beat()
            await self._rest(interval if taken else RETRY)

    async def _beat(self) -> bool:
        moving = self._visible and self._random.random() < 0.7
        if moving or self._settled.is_set():
            self._input_at = now()
        body: dict[str, Any] = {
            "device": self._hand.device,
            "idle_ms": now() - self._input_at,
            "visible": self._visible,
            "kind": self._hand.kind,
            "seq": next(self._seq),
            "channels": self._hand.channels,
        }
        if self._hand.interval_ms is not None:
            body["interval_ms"] = self._hand.interval_ms
        if self._activity is not None:
            body["activity"] = self._activity
        signal, self._node = await self._calls.insist(
            self._hand.user, Kind.HEARTBEAT, body, self._node, self._random
        )
        return signal.code == OK

    async def _act(self) -> None:
        """Do something else than beating, sometimes."""
        dice = self._random.random()
        if dice < 0.10:
            self._visible = not self._visible
        elif dice < 0.30:
            self._activity = self._random.choice([None, "in_call", "presenting"])
        elif dice < 0.40 and self._hand.channel is not None:
            await self._type(self._hand.channel)
        elif dice < 0.46 and not self._hand.steady:
            await self._leave()
        elif dice < 0.50 and not self._hand.steady:
            await self._pause(self._random.uniform(1, 12))
        elif dice < 0.55:
            self._node = self._random.randrange(len(self._calls.nodes))

    async def _leave(self) -> None:
        body = {"device": self._hand.device, "seq": next(self._seq)}
        await self._calls.signal(self._hand.user, Kind.LEAVE, body, self._node)
        await self._pause(self._random.uniform(0, 6))

    async def _type(self, channel: str) -> None:
        typing = self._random.random() < 0.6
        body = {
            "device": self._hand.device,
            "channel": channel,
            "typing": typing,
            "seq": next(self._typing_seq),
        }
        if typing:
            self._input_at = now()
        await self._calls.signal(self._hand.user, Kind.TYPING, body, self._node)

    async def _pause(self, seconds: float) -> None:
        """Be dead for a while, or until the round calms down."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._settled.wait()

    async def _rest(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds * self._random.uniform(0.9, 1)):
                await self._silent.wait()
