"""Event streams as tests read them: by httpx-sse, in the background, with a limit on every wait."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx
from httpx_sse import EventSource, ServerSentEvent

CEILING = 20.0
"""Seconds that something due at once may take on a loaded machine. How late it really was is in `at`."""

TIMEOUT = httpx.Timeout(CEILING, read=None)
"""A stream may be silent; every wait for an event has its own limit."""


class Event:
    """One event, with the moment it came."""

    def __init__(self, source: ServerSentEvent) -> None:
        self.name = source.event
        self.data: Any = source.json()
        self.id = source.id
        """The last id so far, as browsers keep it."""
        self.retry = source.retry
        self.at = time.monotonic()

    def __repr__(self) -> str:
        return f"{self.name} {self.data}"


class Stream:
    """An open stream. `received` holds all events so far, pings included."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.received: list[Event] = []
        self._waiting: asyncio.Queue[Event | None] = asyncio.Queue()

    @property
    def last_id(self) -> str:
        """Where to resume."""
        return self.received[-1].id if self.received else ""

    async def read(self) -> None:
        """Take events as they come, until the server ends the stream; owned by `open_stream`."""
        try:
            async for source in EventSource(self.response).aiter_sse():
                event = Event(source)
                self.received.append(event)
                self._waiting.put_nowait(event)
        finally:
            self._waiting.put_nowait(None)

    async def next(self, *names: str, seconds: float = CEILING) -> Event:
        """The next event, or the next with one of these names; a ping only when asked for."""
        try:
            async with asyncio.timeout(seconds):
                while event := await self._waiting.get():
                    if event.name in names or (not names and event.name != "ping"):
                        return event
        except TimeoutError:
            raise AssertionError(f"No {names or 'event'} in {seconds} s; so far: {self.received}") from None
        raise AssertionError(f"The stream ended before {names or 'an event'}: {self.received}")

    async def quiet(self, seconds: float) -> None:
        """Nothing but pings comes in this time."""
        before = time.monotonic()
        await asyncio.sleep(seconds)
        assert self._waiting.empty() or not self._news(before), self._news(before)

    async def end(self, seconds: float = CEILING) -> list[Event]:
        """What still comes until the server ends the stream cleanly."""
        rest: list[Event] = []
        async with asyncio.timeout(seconds):
            while event := await self._waiting.get():
                rest.append(event)
        return rest

    async def record(self, user: str, seconds: float = CEILING) -> dict[str, Any]:
        """The next record of a user, from whatever event brings it."""
        async with asyncio.timeout(seconds):
            while True:
                event = await self.next("presence", "snapshot", seconds=seconds)
                for record in event.data["users"]:
                    if record["user"] == user:
                        return dict(record)

    def statuses(self, user: str) -> list[str]:
        """The status of a user in every record so far."""
        return [
            record["status"]
            for event in self.received
            if event.name in {"presence", "snapshot"}
            for record in event.data["users"]
            if record["user"] == user
        ]

    def _news(self, since: float) -> list[Event]:
        return [event for event in self.received if event.at >= since and event.name != "ping"]


@asynccontextmanager
async def open_stream(
    url: str,
    *users: str,
    channels: Sequence[str] = (),
    me: str = "watcher",
    last: str | None = None,
    headers: dict[str, str] | None = None,
    **more: str | Sequence[str],
) -> AsyncIterator[Stream]:
    """Open `/v1/events` of the service at a URL, in open mode as `me`; elsewhere say `me=""`.

    `more` are parameters by their names: `members=["room"]`, `interest="…"`, `device="d"`.
    """
    given = {"as": me, "user": users, "channel": channels} | more
    parameters = httpx.QueryParams({name: value for name, value in given.items() if value})
    sent = (headers or {}) | ({"Last-Event-ID": last} if last is not None else {})
    async with (
        httpx.AsyncClient(timeout=TIMEOUT, trust_env=False) as client,
        follow(client, f"{url}/v1/events", parameters, sent) as stream,
    ):
        yield stream


@asynccontextmanager
async def follow(
    client: httpx.AsyncClient, url: str, parameters: httpx.QueryParams, headers: dict[str, str]
) -> AsyncIterator[Stream]:
    """Open a stream with a client that waits for it: its timeout is `TIMEOUT`."""
    async with client.stream("GET", url, params=parameters, headers=headers) as response:
        assert response.status_code == httpx.codes.OK, (await response.aread()).decode()
        stream = Stream(response)
        reading = asyncio.create_task(stream.read())
        try:
            yield stream
        finally:
            reading.cancel()
            with suppress(asyncio.CancelledError, httpx.TransportError):
                await reading
