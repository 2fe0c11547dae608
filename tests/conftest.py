"""What tests run on: real stores and real servers, each gone at the end of its test.

`redis_url` is a Valkey of the test's own, `valkey_url` one shared by the whole run. `serve(...)` starts the
service as a process, `live(...)` inside the test's event loop, both on a free port with `redis_url` as their
store; settings go by name and in seconds: `await live(heartbeat=1, grace=0.2)`. `events(url, "alice")` opens
a stream. A traceback in a log fails the test that caused it.
"""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import hypothesis
import pytest
from starlette.applications import Starlette

from sse_presence.app import create_app
from sse_presence.settings import settings_from
from sse_presence.store.embedded import embedded
from tests.running import Service, environment, live_service
from tests.stream import Stream, open_stream

hypothesis.settings.register_profile("unhurried", deadline=None)
hypothesis.settings.load_profile("unhurried")  # how long an example takes says how busy the machine is


@dataclass(frozen=True)
class Live:
    """A service in the test's own event loop."""

    url: str
    app: Starlette


class Serve(Protocol):
    """Start the service as a process; `redis_url=None` lets it embed its own store."""

    def __call__(
        self, *arguments: str, redis_url: str | None = ..., command: Path = ..., **settings: Any
    ) -> Service: ...


class StartLive(Protocol):
    """Start the service in this event loop, by default on the test's own store."""

    async def __call__(self, *, redis_url: str | None = None, **settings: Any) -> Live: ...


Events = Callable[..., AbstractAsyncContextManager[Stream]]
"""`events(url, *users, channels=(), me="watcher", last=None, headers=None, device="d", members=["room"])`"""


@pytest.fixture(autouse=True)
def _own_settings_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings of the shell that runs the tests do not reach them."""
    for name in list(os.environ):
        if name.startswith("SSE_PRESENCE_") or name == "REDIS_URL":
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def valkey_url() -> Iterator[str]:
    """One store for the whole run; who uses it keeps to keys of its own, or empties it."""
    with embedded() as url:
        yield url


@pytest.fixture
def redis_url() -> Iterator[str]:
    """A fresh store for one test: it starts faster than another could be emptied safely."""
    with embedded() as url:
        yield url


@pytest.fixture
def serve(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Serve]:
    """Start processes; at the end all are stopped, and none may have printed a traceback."""
    services: list[Service] = []

    def start(*arguments: str, redis_url: str | None = "", **settings: Any) -> Service:
        store = request.getfixturevalue("redis_url") if redis_url == "" else redis_url
        log = tmp_path / f"service-{len(services)}.log"
        services.append(Service(log, arguments or ("--port", "0"), redis_url=store, **settings))
        return services[-1]

    yield start
    for service in services:
        if service.process.poll() is None:
            service.stop()
    for service in services:
        assert "Traceback" not in service.log, service.log
        assert "Fatal Python error" not in service.log, service.log


@pytest.fixture
async def live(redis_url: str, caplog: pytest.LogCaptureFixture) -> AsyncIterator[StartLive]:
    """Start services in the test's loop; at the end all are stopped, and none may have logged an error."""
    async with AsyncExitStack() as stack:

        async def start(*, redis_url: str | None = redis_url, **settings: Any) -> Live:
            app = create_app(settings_from(environment(redis_url, settings)))
            return Live(await stack.enter_async_context(live_service(app, app.state.direct)), app)

        yield start
    logged = [record for when in ("setup", "call", "teardown") for record in caplog.get_records(when)]
    assert not [
        record.getMessage() for record in logged if record.exc_info or record.levelno >= logging.ERROR
    ]


@pytest.fixture
def events() -> Events:
    """Open streams, read in the background; see `tests.stream`."""
    return open_stream
