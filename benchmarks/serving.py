"""The service as benchmarks measure it: prints its port, then its figures for every line it reads."""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import threading

import uvicorn

from sse_presence import create_app
from sse_presence.cli.listen import listen
from sse_presence.settings import Settings


def tell_figures(loop: asyncio.AbstractEventLoop) -> None:
    """Answer each line of standard input with one of JSON."""

    def figures() -> None:
        gc.collect()
        print(json.dumps({"tasks": len(asyncio.all_tasks())}), flush=True)

    for _ in sys.stdin:
        loop.call_soon_threadsafe(figures)


async def main(redis_url: str) -> None:
    """Serve until told to stop."""
    app = create_app(Settings(redis_url=redis_url))
    with listen("127.0.0.1", 0) as listener:
        server = uvicorn.Server(
            uvicorn.Config(app, lifespan="on", ws="none", log_config=None, access_log=False)
        )
        threading.Thread(
            target=tell_figures, args=(asyncio.get_running_loop(),), name="figures", daemon=True
        ).start()
        print(listener.getsockname()[1], flush=True)
        await server.serve([listener])


if __name__ == "__main__":
    import uvloop

    uvloop.run(main(sys.argv[1]))
