"""What those ask who run the service: is the process alive, may it be sent work, how is it doing.

Nobody has to say who they are, and nothing of any user is told.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from sse_presence.http.context import service_of
from sse_presence.http.problems import unavailable
from sse_presence.http.reply import Reply, reply
from sse_presence.metrics import MEDIA_TYPE


async def healthz(_: Request) -> Reply:
    """`GET /healthz`: 200 while the process answers at all, whatever the store does."""
    return reply({"status": "ok"})


async def readyz(request: Request) -> Reply:
    """`GET /readyz`: 200 while store and bus are up, else 503 with a sentence for each that is not."""
    down = service_of(request).ready()
    if down:
        return unavailable("Not ready", " ".join(down), "not-ready")
    return reply({"status": "ok"})


async def metrics(request: Request) -> Response:
    """`GET /metrics`: figures of this process, for Prometheus."""
    text = service_of(request).metrics.text()
    return Response(text, media_type=MEDIA_TYPE, headers={"Cache-Control": "no-store"})
