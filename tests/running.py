"""The service under test, as a process of its own or inside the test's event loop.

Both take settings by name, as one would write them outside: `grace=0.5` is half a second.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, cast

import uvicorn
from starlette.types import ASGIApp

from sse_presence.cli.direct import DirectProtocol
from sse_presence.cli.listen import KEEP_ALIVE, listen
from sse_presence.http.direct import Direct

CEILING = 30.0
"""Seconds that starting or stopping may take: a limit for a loaded machine, not an expectation."""

COMMAND = Path(sys.executable).with_name("sse-presence")


def environment(redis_url: str | None, settings: Mapping[str, Any]) -> dict[str, str]:
    """Settings as environment variables."""
    values = {f"SSE_PRESENCE_{name.upper()}": str(value) for name, value in settings.items()}
    return values | ({"REDIS_URL": redis_url} if redis_url else {})


def clean_environment() -> dict[str, str]:
    """Ours, without any setting in it."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("SSE_PRESENCE_") and name != "REDIS_URL"
    }


def bound() -> list[str]:
    """What makes a command die with us, where the system can."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL"] if setpriv else []


class Service:
    """`sse-presence serve` as a process."""

    def __init__(
        self,
        log: Path,
        arguments: tuple[str, ...] = ("--port", "0"),
        *,
        redis_url: str | None = None,
        command: Path = COMMAND,
        **settings: Any,
    ) -> None:
        self._log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [command, "serve", *arguments],
                env=clean_environment() | environment(redis_url, settings),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        try:
            self.url = self._await_ready()
        except BaseException:
            self.kill()
            raise

    @property
    def log(self) -> str:
        """All that it printed so far."""
        return self._log.read_text(errors="replace")

    def stop(self, ending: signal.Signals = signal.SIGTERM, seconds: float = CEILING) -> int:
        """End it by a signal, unless it has ended, and return its exit code."""
        self.process.send_signal(ending)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{ending.name} did not end it in {seconds} s:\n{self.log}") from None

    def kill(self) -> None:
        """End it at once, as a crash would."""
        self.process.kill()
        self.process.wait()

    def _await_ready(self) -> str:
        end = time.monotonic() + CEILING
        while time.monotonic() < end and self.process.poll() is None:
            if found := re.search(r"^ +(http://\S+:\d+)/", self.log, re.MULTILINE):
                return found[1]
            time.sleep(0.02)
        raise AssertionError(f"The service did not start:\n{self.log}")


class _Server(uvicorn.Server):
    """One that says when it is ready, and leaves the handling of signals to pytest."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        except SystemExit:  # would end the run of all tests
            raise RuntimeError("The application did not start.") from None
        self.ready.set()


@asynccontextmanager
async def live_service(app: ASGIApp, direct: Direct | None = None) -> AsyncIterator[str]:
    """Serve an application for the length of the block at the URL that is yielded, then stop it.

    With the app's `state.direct` it is served as `sse-presence serve` does it, else as any server does.
    """
    protocol = cast("type[asyncio.Protocol]", partial(DirectProtocol, direct)) if direct else "auto"
    with listen("127.0.0.1", 0) as listener:
        config = uvicorn.Config(
            app,
            http=protocol,
            lifespan="on",
            ws="none",
            log_config=None,
            access_log=False,
            timeout_keep_alive=KEEP_ALIVE,
        )
        server = _Server(config)
        serving = asyncio.create_task(server.serve([listener]))
        waiting = asyncio.create_task(server.ready.wait())
        try:
            await asyncio.wait({serving, waiting}, timeout=CEILING, return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
            if serving.done():
                await serving
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            async with asyncio.timeout(CEILING):
                await serving


@asynccontextmanager
async def meanwhile(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Do endless work in the background for the length of the block; it may not fail before."""
    task = asyncio.create_task(work)
    try:
        yield
        assert not task.done(), task
    finally:
        task.cancel()
        await asyncio.wait([task])
