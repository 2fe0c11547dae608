"""Group commit: signals that arrive while a call is in flight go together in the next.

While signals are dense a call waits a few milliseconds for more: it costs ten times as much as each of them,
here, in the store and for all processes that hear what it published. A lone signal never waits.

Each caller gets its own answer or its own error. A caller that goes away takes nothing with it: the call
belongs to the committer. When the store cannot be reached, everyone who waits is told at once; when it is
slow, as soon as the one who came first has waited for `PATIENCE`, though the call may still be taken.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from sse_presence.errors import StoreUnavailable
from sse_presence.store.client import Refused
from sse_presence.store.script import Operation, Reply
from sse_presence.store.server import COMMAND_TIMEOUT
from sse_presence.store.traffic import Traffic

BATCH = 128
"""A larger one saves the store little (4.5 µs a heartbeat at 64, 3.8 at 256). Where all who wait are in one
call, nobody is left to be read or answered meanwhile."""

COMPANY = 32
"""A call does not wait for more than this many."""

LINGER = 0.008
"""Seconds that a call waits for them: less than a client notices, and a hundredth of a presence window."""

WAITERS = 20_000
"""More can only be a store that does not keep up: better to say so than to queue."""

PATIENCE = COMMAND_TIMEOUT
"""Seconds that a caller waits at most, behind a call in flight and for its own: either may last longer."""

log = logging.getLogger("sse_presence")

Waiter = tuple[Operation, asyncio.Future[tuple[Reply, Any]], float]
"""What to do, whom to tell, and when it came, by the clock of the loop."""


class Committer:
    """The one road of operations into a partition."""

    def __init__(self, run: Callable[[Sequence[Operation]], Awaitable[Reply]]) -> None:
        self._run = run
        self._waiting: deque[Waiter] = deque()
        self._worker: asyncio.Task[None] | None = None
        self._traffic = Traffic()
        self._patience: asyncio.TimerHandle
        """Runs out while a call is in flight."""

    def submit(self, operation: Operation) -> asyncio.Future[tuple[Reply, Any]]:
        """The reply and this operation's result, or StoreUnavailable."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[tuple[Reply, Any]] = loop.create_future()
        if len(self._waiting) >= WAITERS:
            future.set_exception(
                StoreUnavailable("The store does not keep up with the signals: try again later.")
            )
            return future
        self._waiting.append((operation, future, loop.time()))
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        return future

    async def close(self) -> None:
        """Wait until what was taken is committed."""
        if self._worker is not None:
            await self._worker

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            if len(self._waiting) < COMPANY and self._traffic.dense(loop.time()):
                await asyncio.sleep(LINGER)
            batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            self._traffic.passed(len(batch), loop.time())
            _, _, came = batch[0]
            self._lose_patience_at(came + PATIENCE, batch)
            try:
                await self._commit(batch)
            except StoreUnavailable as error:
                self._give_up(batch, error)
            except Exception:
                log.exception("A call of the script failed")
                self._give_up(batch, StoreUnavailable("The store could not be asked; the log says why."))
            finally:
                self._patience.cancel()

    def _lose_patience_at(self, moment: float, batch: Sequence[Waiter]) -> None:
        self._patience = asyncio.get_running_loop().call_at(moment, self._lose_patience, batch)

    def _lose_patience(self, batch: Sequence[Waiter]) -> None:
        self._give_up(batch, StoreUnavailable("The store takes too long to answer."))
        now = asyncio.get_running_loop().time()
        self._lose_patience_at(now + PATIENCE, batch)  # others may come to wait behind the same call

    def _give_up(self, batch: Sequence[Waiter], error: StoreUnavailable) -> None:
        """Nobody who waits is left waiting."""
        _fail(batch, error)
        _fail(self._waiting, error)
        self._waiting.clear()

    async def _commit(self, batch: Sequence[Waiter]) -> None:
        """Run a batch; one operation that the store refuses does not take the others with it."""
        try:
            reply = await self._run([operation for operation, _, _ in batch])
        except Refused as error:
            if len(batch) == 1:
                _fail(batch, error)
                return
            for waiter in batch:
                await self._commit([waiter])
            return
        for (_, future, _), result in zip(batch, reply.results, strict=True):
            if not future.done():
                future.set_result((reply, result))


def _fail(waiters: Sequence[Waiter] | deque[Waiter], error: StoreUnavailable) -> None:
    for _, future, _ in waiters:
        if not future.done():
            future.set_exception(type(error)(str(error)))
