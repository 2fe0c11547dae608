"""The service of one app: everything it is made of, put together, started and stopped in order.

It starts whether the store can be reached or not: streams are then told that they are stale, signals are
refused with 503, and both mend by themselves. What it cannot start with is a store that another version
made, which is a `SettingsError`.

Calls that take a signal of a device tell `attachments.signalled(user, device, interval)`, so that a stream
of that device does not renew what was just signalled.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from sse_presence import open_files
from sse_presence.domain.cursor import derive_key
from sse_presence.domain.message import Message
from sse_presence.domain.rate import Buckets
from sse_presence.domain.rights import Identity
from sse_presence.drain import on_stop
from sse_presence.errors import PresenceError, StoreUnavailable, Unauthenticated
from sse_presence.fanout.attachments import Attachments
from sse_presence.fanout.bus import Bus, Positions
from sse_presence.fanout.clock import StoreClock
from sse_presence.fanout.hub import Hub
from sse_presence.fanout.interests import Interests
from sse_presence.fanout.mender import Mender
from sse_presence.fanout.opening import Opening
from sse_presence.fanout.pace import pace_from
from sse_presence.fanout.pump import Pump
from sse_presence.fanout.reader import Reader
from sse_presence.fanout.register import Register
from sse_presence.fanout.revocations import Revocations
from sse_presence.fanout.sink import Sink
from sse_presence.fanout.subscription import Desk, Refused, Subscription
from sse_presence.fanout.wanted import Wanted
from sse_presence.metrics import Metrics, Signals, figures
from sse_presence.settings import Settings
from sse_presence.store.client import Client
from sse_presence.store.store import Store
from sse_presence.store.sweeper import Sweeper
from sse_presence.tasks import end

_FIRST_HEARD = 3.0
"""Seconds that starting waits for the store, so that the first streams can resume at once."""

_LAST_WORDS = 1.0
"""Seconds that stopping waits for streams to take their goodbye, where the server did not wait before."""

log = logging.getLogger("sse_presence")


class Node:
    """The parts of a running service."""

    def __init__(self, settings: Settings, signals: Signals) -> None:
        """`signals` counts those that were answered."""
        client = Client(settings.redis_url)
        self.store = Store(client, settings)
        self.pump = Pump()
        clock, pace, wanted = StoreClock(), pace_from(settings), Wanted()
        register = Register(self.store.partitions, self.store.partition_of)
        self.mender = Mender(register, wanted, self.pump, clock, settings.settling / 1000)
        self.hub = Hub(register, self.mender, wanted, self.pump, clock, pace)
        self.hub.retention = settings.retention
        self.reader = Reader(self.store, wanted, self.hub, self._settle)
        self.interests = Interests(self.store, self.hub)
        self.revocations = Revocations(self.store, self.hub, settings.ping / 3000)
        self.sweeper = Sweeper(self.store, settings)
        self.bus = Bus(client.homes, self.store.channels, self._begin, self._hear, self.mender)
        self.attachments = Attachments(self.store, self.pump, settings.shortest_interval / 1000)
        self.desk = Desk(
            self.hub,
            self.attachments,
            room=settings.max_streams or open_files.room(),
            max_streams=settings.max_streams_per_user,
            max_watched=settings.max_watched_per_user,
        )
        self.metrics = Metrics(figures(self.desk, self.hub, self.mender, self.sweeper, client, signals))

    def _hear(self, partition: int, message: Message) -> None:
        self.hub.hear(partition, message)
        if message.mark:
            self.sweeper.heard(partition)

    async def _begin(self, partitions: Sequence[int]) -> Positions:
        """Where the store stands, once it is one that can be used."""
        await self._know_store()
        return await self.store.positions(partitions)

    async def _settle(self, partition: int, incarnation: str) -> None:
        """The store came back as another one: it may have lost what it knew of itself, too."""
        await self._know_store()
        await self.store.settle(partition, incarnation)

    async def _know_store(self) -> None:
        await self.store.open()
        self.hub.press.key = derive_key(await self.store.cursor_key())


class Service:
    """What handlers work with."""

    def __init__(self, settings: Settings, authenticate: Callable[[Any], Awaitable[Identity]]) -> None:
        """`authenticate` tells the caller of a request."""
        self.settings = settings
        self._authenticate = authenticate
        self.signals: Signals = Counter()
        self.buckets = {kind: Buckets(rate.count, rate.period) for kind, rate in settings.rates.items()}
        """Of the rate limits, by kind."""
        self._node: Node | None = None

    @property
    def node(self) -> Node:
        """The running parts; raises PresenceError before `running()` is entered."""
        if self._node is None:
            raise PresenceError(
                "The service is not running: enter `sse_presence.lifespan(app)` in the lifespan of the "
                "application that mounts it."
            )
        return self._node

    async def authenticate(self, request: Any) -> Identity:
        """Who is calling; raises Unauthenticated or Forbidden."""
        caller = await self._authenticate(request)
        self.admit(caller)
        return caller

    def admit(self, caller: Identity) -> None:
        """Raise Unauthenticated for credentials from before their user was disconnected."""
        if self.revocations.refuses(caller.user, caller.issued):
            raise Unauthenticated(f"{caller.user!r} was disconnected: ask the application for a new token.")

    def open(self, opening: Opening, sink: Sink) -> Subscription | Refused:
        """Open a stream at the desk, unless its caller was disconnected while its request was looked into."""
        if self.revocations.refuses(opening.caller.user, opening.caller.issued):
            return self.desk.refuse("revoked", sink)
        return self.desk.open(opening, sink)

    @property
    def store(self) -> Store:
        """Presence state."""
        return self.node.store

    @property
    def desk(self) -> Desk:
        """Where streams are opened."""
        return self.node.desk

    @property
    def attachments(self) -> Attachments:
        """Devices that have a stream open here."""
        return self.node.attachments

    @property
    def interests(self) -> Interests:
        """Where stored interests are changed."""
        return self.node.interests

    @property
    def revocations(self) -> Revocations:
        """Who was disconnected."""
        return self.node.revocations

    def clock_of(self, channel: str) -> StoreClock:
        """What time it is for the store where a channel lies."""
        return self.node.hub.register.clock(channel)

    @property
    def metrics(self) -> Metrics:
        """What operators watch."""
        return self.node.metrics

    def ready(self) -> list[str]:
        """A sentence for each thing that is down; none while the service can do its work."""
        if self._node is None:
            return ["The service is not running."]
        down = []
        if self.node.sweeper.failing:
            down.append("The store is out of reach.")
        if not self.node.bus.heard.is_set():
            down.append("The bus is not heard.")
        if self.node.desk.draining:
            down.append("The process is stopping.")
        return down

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Connect, serve while the block lasts, then say goodbye to all streams and close."""
        node = Node(self.settings, self.signals)
        async with AsyncExitStack() as stack:
            stack.push_async_callback(node.store.close)
            await _first_look(node.store)
            stack.callback(node.mender.close)
            for part in (
                *(node.pump, node.reader, node.sweeper),
                *(node.bus, node.attachments, node.interests, node.revocations, node.metrics),
            ):
                await stack.enter_async_context(_owned(part.run))
            stack.enter_context(on_stop(lambda: node.desk.drain(self.settings.drain / 1000)))
            stack.push_async_callback(_part, node)
            await _wait_until(_heard(node), _FIRST_HEARD)
            self._node = node
            yield
        self._node = None


async def _first_look(store: Store) -> None:
    try:
        await store.open()
    except StoreUnavailable as error:
        log.warning("Starting without the store: %s", error)


async def _heard(node: Node) -> None:
    await node.bus.heard.wait()
    await node.revocations.read.wait()


async def _part(node: Node) -> None:
    node.desk.drain(0)
    await _wait_until(node.desk.empty(), _LAST_WORDS)


async def _wait_until(coming: Coroutine[Any, Any, Any], seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await coming
    except TimeoutError:
        log.debug("Not waiting any longer")


@asynccontextmanager
async def _owned(run: Callable[[], Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    """Keep a part running while the block lasts."""
    task = asyncio.create_task(_keep(run))
    try:
        yield
    finally:
        await end(task)


async def _keep(run: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """A part that fails has a mistake in it, which is logged; the others can still do their work."""
    while True:
        try:
            await run()
        except Exception:
            log.exception("%s failed and goes on", run.__qualname__)
            await asyncio.sleep(1)
