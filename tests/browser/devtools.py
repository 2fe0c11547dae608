"""A Chromium without a driver, spoken to by its own protocol.

Drivers keep every page in focus, and a page in focus is never hidden or frozen.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

LIMIT = 30.0
"""Seconds: a limit for a loaded machine, not an expectation."""


class Devtools:
    """One page."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._session: str | None = None
        self._last = 0

    async def send(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method of the protocol, on the page once it is open."""
        return await self._call({"sessionId": self._session} if self._session else {}, method, params)

    async def _call(self, to: dict[str, str], method: str, params: dict[str, Any]) -> dict[str, Any]:
        self._last += 1
        await self._socket.send(json.dumps({"id": self._last, "method": method, "params": params} | to))
        async with asyncio.timeout(LIMIT):
            while True:
                answer = json.loads(await self._socket.recv())
                if answer.get("id") == self._last:
                    assert "error" not in answer, answer
                    result: dict[str, Any] = answer["result"]
                    return result

    async def open(self, url: str) -> None:
        """Open the page."""
        target = await self.send("Target.createTarget", url=url)
        attached = await self.send("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self._session = attached["sessionId"]

    async def get(self, expression: str) -> Any:
        """The value of an expression in the page."""
        evaluated = await self.send("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in evaluated, evaluated
        return evaluated["result"].get("value")

    async def until(self, condition: str) -> None:
        """Wait until an expression holds in the page."""
        async with asyncio.timeout(LIMIT):
            while not await self.get(f"Boolean({condition})"):  # noqa: ASYNC110 - the page is asked anew
                await asyncio.sleep(0.05)

    async def cover(self) -> None:
        """Open another page before it, in the same window."""
        await self._call({}, "Target.createTarget", {"url": "about:blank"})

    async def freeze(self, state: str = "frozen") -> None:
        """Hide and freeze the page, as a browser does to spare a battery; `active`: let it go on."""
        await self.send("Page.setWebLifecycleState", state=state)


@asynccontextmanager
async def devtools(program: str, flags: Sequence[str], profile: Path) -> AsyncIterator[Devtools]:
    """Run a Chromium for the length of the block."""
    process = await asyncio.create_subprocess_exec(
        program,
        *flags,
        "--headless=new",
        "--remote-debugging-port=0",
        f"--user-data-dir={profile}",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    try:
        async with asyncio.timeout(LIMIT):
            found = None
            while not found:
                found = re.search(rb"ws://\S+", await process.stderr.readline())
        async with connect(found[0].decode(), max_size=None) as socket:
            yield Devtools(socket)
    finally:
        process.terminate()
        await process.communicate()
