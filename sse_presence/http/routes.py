"""All routes, in one table. A path that exists answers 405 for another method, and none redirects."""

from __future__ import annotations

from starlette.routing import BaseRoute, Mount, Route, Router

from sse_presence.http import ops, queries, signals, stream
from sse_presence.http.pages import Pages


def routes(*, demo: bool) -> list[BaseRoute]:
    """The routes of an app, with the demo page at `/` or without it."""
    v1 = [
        Route("/heartbeat", signals.heartbeat, methods=["POST"]),
        Route("/status", signals.status, methods=["POST"]),
        Route("/typing", signals.typing, methods=["POST"]),
        Route("/leave", signals.leave, methods=["POST"]),
        Route("/presence", queries.presence, methods=["GET", "POST"]),
        Route("/events", stream.events),
    ]
    table = [
        Mount("/v1", Router(v1, redirect_slashes=False)),
        Route("/healthz", ops.healthz),
        Route("/readyz", ops.readyz),
        *([Mount("/", Pages())] if demo else []),
    ]
    return [Mount("/", Router(table, redirect_slashes=False))]
