"""One clock for all streams: wakes what is due, in slices that leave the loop to others.

Nothing here waits for a stream. Whatever is woken does what it can at once and says when it wants to be
woken next; a thing that fails is told so and never takes the pump with it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from heapq import heappop, heappush
from itertools import count
from typing import Protocol

NEVER = float("inf")

SLICE = 200
"""Things woken before the loop's other work gets its turn: a few milliseconds."""

log = logging.getLogger("sse_presence")


class Waking(Protocol):
    """Something that acts when its time has come."""

    soon: bool
    """Whether the pump will wake it in its next pass; only the pump writes these."""
    timed: bool
    """Whether it is entered to be woken later; woken while it is not, it looks at all that may be due."""
    due: float
    """When it is entered to be."""

    def wake(self, now: float) -> float:
        """Do what is due at loop time `now`; when to be woken next."""
        ...

    def fail(self) -> None:
        """Waking raised: give up, quietly."""
        ...


class Pump:
    """The one task that wakes everything."""

    def __init__(self) -> None:
        self._soon: list[Waking] = []
        self._later: list[tuple[float, int, Waking]] = []
        """A heap of (time, tie-break, thing); an entry whose time is not when its thing is due is outdated.

        A thing that is woken keeps the entry it has: most are woken far more often than they have to be, and
        to wake one for nothing now and then costs less than to enter it every time."""
        self._order = count()
        self._rouse = asyncio.Event()

    def soon(self, *things: Waking) -> None:
        """Wake them in the next pass."""
        for thing in things:
            if not thing.soon:
                thing.soon = True
                self._soon.append(thing)
        self._rouse.set()

    def at(self, thing: Waking, when: float) -> None:
        """Wake it at loop time `when` or earlier."""
        if when < NEVER and not thing.soon and not (thing.timed and thing.due <= when):
            if when <= asyncio.get_running_loop().time():
                self.soon(thing)
                return
            thing.timed, thing.due = True, when
            heappush(self._later, (when, next(self._order), thing))
            if self._later[0][2] is thing:
                self._rouse.set()

    def surely_at(self, thing: Waking, when: float) -> None:
        """Likewise, and not be missed by a thing that is about to be woken for something else."""
        self.at(thing, when)
        if thing.soon:
            thing.timed = False

    def now(self, thing: Waking) -> None:
        """Wake it within this call."""
        self._wake((thing,), asyncio.get_running_loop().time())

    async def run(self) -> None:
        """Wake what is due until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            self._collect(loop.time())
            if not self._soon:
                await self._rest(loop)
                continue
            due, self._soon = self._soon, []
            for start in range(0, len(due), SLICE):
                self._wake(due[start : start + SLICE], loop.time())
                await asyncio.sleep(0)

    def _collect(self, now: float) -> None:
        while self._later and self._later[0][0] <= now:
            when, _, thing = heappop(self._later)
            if thing.timed and when == thing.due:
                thing.timed = False
                self.soon(thing)

    async def _rest(self, loop: asyncio.AbstractEventLoop) -> None:
        alarm = loop.call_at(self._later[0][0], self._rouse.set) if self._later else None
        await self._rouse.wait()
        self._rouse.clear()
        if alarm is not None:
            alarm.cancel()

    def _wake(self, things: Iterable[Waking], now: float) -> None:
        for thing in things:
            thing.soon = False
            try:
                when = thing.wake(now)
                if when < NEVER:
                    self.at(thing, when)
            except Exception:
                log.exception("A stream failed and is closed; its client reconnects and resumes")
                thing.fail()
