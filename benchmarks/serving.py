"""The service as benchmarks measure it: prints its port, then its figures for every line it reads."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import threading
import time
from functools import partial
from typing import cast

import uvicorn

from sse_presence import create_app
from sse_presence.cli.direct import DirectProtocol
from sse_presence.cli.listen import listen
from sse_presence.settings import settings_from

LOOK = 0.002


class Stall:
    """The longest time for which the loop was busy with one thing, since it was last told.

    In CPU time, so that what else runs on the machine is not taken for it.
    """

    def __init__(self) -> None:
        self._longest = 0.0

    async def watch(self) -> None:
        """Look every few milliseconds, for ever."""
        while True:
            before = time.thread_time()
            await asyncio.sleep(LOOK)
            self._longest = max(self._longest, time.thread_time() - before)

    def take(self) -> float:
        """Milliseconds."""
        longest, self._longest = self._longest, 0.0
        return longest * 1000


def tell_figures(loop: asyncio.AbstractEventLoop, stall: Stall) -> None:
    """Answer each line of standard input with one of JSON."""

    def figures() -> None:
        told = {"stall_ms": stall.take(), "tasks": len(asyncio.all_tasks())}
        gc.collect()
        print(json.dumps(told), flush=True)
        loop.call_later(2 * LOOK, stall.take)  # collecting was a stall of our own

    while lines := os.read(sys.stdin.fileno(), 4096):  # `sys.stdin` would be locked when the process ends
        for _ in range(lines.count(b"\n")):
            loop.call_soon_threadsafe(figures)


async def main(redis_url: str) -> None:
    """Serve until told to stop."""
    app = create_app(settings_from(os.environ | {"REDIS_URL": redis_url}))
    with listen("127.0.0.1", 0) as listener:
        config = uvicorn.Config(
            app,
            http=cast("type[asyncio.Protocol]", partial(DirectProtocol, app.state.direct)),
            lifespan="on",
            ws="none",
            log_config=None,
            access_log=False,
        )
        server = uvicorn.Server(config)
        stall = Stall()
        watching = asyncio.create_task(stall.watch())
        threading.Thread(
            target=tell_figures, args=(asyncio.get_running_loop(), stall), name="figures", daemon=True
        ).start()
        print(listener.getsockname()[1], flush=True)
        await server.serve([listener])
        watching.cancel()


if __name__ == "__main__":
    import uvloop

    uvloop.run(main(sys.argv[1]))
