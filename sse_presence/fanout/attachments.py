"""Devices that have a stream open here, and what the store is told of it.

An attached device is renewed when its stream opens and whenever one interval of it passed without a signal
or a renewal that this process knows of; how far that carries is the store's rule. The interval is what the
device's last signal here declared, or what the store told with the last renewal, for its signals may all come
by other processes; until one is known, it is the shortest that there is. When the peer closes the device's
last stream of this process the store is told; when this process closes it, or dies, it is not. What the store
does not take is told again a little later, unless something newer is to be told.
"""

from __future__ import annotations

import asyncio
import logging
from enum import Enum

from sse_presence.errors import StoreUnavailable
from sse_presence.fanout.pump import NEVER, Pump
from sse_presence.store.store import Store

TOGETHER = 256
"""Told at once; they travel to the store in one batch."""

_PAUSE = 1.0
"""Seconds before the store is told again what it did not take."""

log = logging.getLogger("sse_presence")

Key = tuple[str, str]
"""A user and a device of it."""


class News(Enum):
    """What the store is to be told of a device."""

    RENEW = "it has a stream open"
    CLOSED = "its peer closed the last one"


class Attachment:
    """One device with at least one stream open here; the pump wakes it when it needs renewal."""

    __slots__ = ("due", "interval", "key", "known_at", "owner", "soon", "streams", "timed")

    def __init__(self, owner: Attachments, key: Key, interval: float) -> None:
        self.owner = owner
        self.key = key
        self.streams = 0
        self.interval = interval
        self.known_at = -NEVER
        """Loop time of the last signal or renewal."""
        self.due = NEVER
        self.soon = self.timed = False

    def wake(self, now: float) -> float:
        """Renew if an interval has passed; when to look again."""
        if not self.streams:
            return NEVER
        if now >= self.known_at + self.interval:
            self.known_at = now
            self.owner.tell(self.key, News.RENEW)
        return self.known_at + self.interval

    def fail(self) -> None:
        """Nothing to give up: the device lives on its own signals."""
        log.error("A device is renewed no more by its stream")


class Attachments:
    """All attached devices of the process, and the one task that tells the store."""

    def __init__(self, store: Store, pump: Pump, interval: float) -> None:
        """`interval`: seconds between two signals of a device of which nothing else is known."""
        self._store = store
        self._pump = pump
        self._interval = interval
        self._attached: dict[Key, Attachment] = {}
        self._news: dict[Key, News] = {}
        self._something = asyncio.Event()

    def attach(self, user: str, device: str) -> Key:
        """A stream of the device opened; the key is for `detach`."""
        key = (user, device)
        attachment = self._attached.get(key)
        if attachment is None:
            attachment = self._attached[key] = Attachment(self, key, self._interval)
        attachment.streams += 1
        attachment.known_at = -NEVER
        self._pump.soon(attachment)
        return key

    def detach(self, key: Key, *, by_peer: bool) -> None:
        """A stream of the device closed: by its peer, or by this process."""
        attachment = self._attached[key]
        attachment.streams -= 1
        if not attachment.streams:
            del self._attached[key]
            self._news.pop(key, None)
            if by_peer:
                self.tell(key, News.CLOSED)

    def signalled(self, user: str, device: str, interval: int | None = None) -> None:
        """The device signalled through this process; `interval` in milliseconds where it declared one."""
        attachment = self._attached.get((user, device))
        if attachment is not None:
            attachment.known_at = asyncio.get_running_loop().time()
            self._adopt(attachment, interval)

    def _adopt(self, attachment: Attachment, interval: int | None) -> None:
        """Take the device's interval where it is known; the time to renew may come sooner with it."""
        if interval is not None:
            attachment.interval = interval / 1000
            self._pump.at(attachment, attachment.known_at + attachment.interval)

    def tell(self, key: Key, news: News) -> None:
        """Have the store told."""
        self._news[key] = news
        self._something.set()

    async def run(self) -> None:
        """Tell the store until cancelled."""
        while True:
            await self._something.wait()
            batch = dict(list(self._news.items())[:TOGETHER])
            for key in batch:
                del self._news[key]
            if not self._news:
                self._something.clear()
            told = await asyncio.gather(*(self._tell(key, news) for key, news in batch.items()))
            if not all(told):
                await asyncio.sleep(_PAUSE)

    async def _tell(self, key: Key, news: News) -> bool:
        try:
            if news is News.CLOSED:
                await self._store.closed(*key)
            else:
                interval = await self._store.renew(*key)
                if key in self._attached:
                    self._adopt(self._attached[key], interval)
        except StoreUnavailable:
            if news is News.CLOSED or key in self._attached:
                self._news.setdefault(key, news)
                self._something.set()
            return False
        return True
