"""A process of the harness: started, frozen, thawed, killed, and gone when the harness is."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from tests.running import bound, clean_environment

CEILING = 40.0
"""Seconds that starting or stopping may take on a loaded machine."""


class Process:
    """One command that may be run many times; its output is appended to one log."""

    def __init__(self, command: Sequence[str | Path], log: Path, environment: Mapping[str, str]) -> None:
        self._command = [*bound(), *map(str, command)]
        self._environment = {**clean_environment(), **environment}
        self.log = log
        self._process: asyncio.subprocess.Process | None = None

    @property
    def alive(self) -> bool:
        """Whether it runs, frozen or not."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Run it."""
        with self.log.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *self._command, env=self._environment, stdin=asyncio.subprocess.DEVNULL, stdout=output,
                stderr=output,
            )  # fmt: skip

    def freeze(self) -> None:
        """Stop it where it is."""
        self._send(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._send(signal.SIGCONT)

    async def kill(self) -> None:
        """End it as a crash would."""
        self._send(signal.SIGKILL)
        await self.wait()

    async def stop(self) -> int | None:
        """Ask it to stop; its exit code, or None if it had to be killed in the end."""
        self._send(signal.SIGTERM)
        try:
            async with asyncio.timeout(CEILING):
                return await self.wait()
        except TimeoutError:
            await self.kill()
            return None

    async def wait(self) -> int:
        """Return its exit code when it has ended."""
        assert self._process is not None
        return await self._process.wait()

    def _send(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self._process.pid, number)
