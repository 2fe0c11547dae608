"""Processes that benchmarks start: each ends with its block, and may be asked by lines of JSON."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from benchmarks.usage import cpu, family

START = 60.0
"""Seconds that a process may take to begin."""


class Child:
    """A process of ours."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @property
    def pids(self) -> list[int]:
        """It, and all that it started."""
        return family(self._process.pid)

    def cpu(self) -> float:
        """Seconds of CPU that it used so far."""
        return cpu(self.pids)

    async def line(self) -> str:
        """The next line that it prints."""
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line:
            raise RuntimeError("A process of the benchmark ended early; what it said is above.")
        return line.decode()

    async def ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """Say one line, and hear one."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(question).encode() + b"\n")
        answer: dict[str, Any] = json.loads(await self.line())
        return answer


@asynccontextmanager
async def child(*command: str, **environ: str) -> AsyncIterator[Child]:
    """Run a command for the length of the block."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | environ,
        limit=2**26,
    )
    try:
        yield Child(process)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def load(name: str, spec: Mapping[str, Any]) -> Any:
    """One of `benchmarks.load`, as a context manager."""
    return child(sys.executable, "-m", f"benchmarks.load.{name}", json.dumps(spec))
