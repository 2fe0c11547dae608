"""What an orchestrator asks: is the process alive, and may it be sent work."""

from __future__ import annotations

from starlette.requests import Request

from sse_presence.http.context import service_of
from sse_presence.http.problems import unavailable
from sse_presence.http.reply import Reply, reply


async def healthz(_: Request) -> Reply:
    """`GET /healthz`: 200 while the process answers at all, whatever the store does."""
    return reply({"status": "ok"})


async def readyz(request: Request) -> Reply:
    """`GET /readyz`: 200 while store and bus are up, else 503 with a sentence for each that is not."""
    down = service_of(request).ready()
    if down:
        return unavailable("Not ready", " ".join(down), "not-ready")
    return reply({"status": "ok"})
