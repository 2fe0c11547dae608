"""All routes, in one flat table: a stream keeps every frame between the server and its handler for life."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.routing import BaseRoute, Route

from sse_presence.http import (
    admin,
    channels,
    interests,
    openapi,
    ops,
    poll,
    queries,
    signals,
    stream,
    tickets,
)
from sse_presence.http.context import service_of
from sse_presence.http.counted import Handler, counted
from sse_presence.http.reply import Reply

SIGNALS = {
    "/v1/heartbeat": counted("heartbeat", signals.heartbeat),
    "/v1/status": counted("status", signals.status),
    "/v1/typing": counted("typing", signals.typing),
    "/v1/leave": counted("leave", signals.leave),
}
"""Path → handler of a POST."""


def routes() -> list[BaseRoute]:
    """The routes of an app, except for the pages."""
    table = [
        *(Route(path, _with_service(handler), methods=["POST"]) for path, handler in SIGNALS.items()),
        Route("/v1/tickets", tickets.issue, methods=["POST"]),
        Route("/v1/presence", queries.presence, methods=["GET", "POST"]),
        Route("/v1/channels/{channel:path}", channels.channel, methods=["GET"]),
        Route("/v1/interests", interests.make, methods=["POST"]),
        Route("/v1/interests/{interest}", interests.change, methods=["PATCH"]),
        Route("/v1/events", stream.events, methods=["GET"]),
        Route("/v1/poll", poll.poll, methods=["GET"]),
        Route("/v1/users/{user:path}/disconnect", admin.disconnect, methods=["POST"]),
        Route("/healthz", ops.healthz),
        Route("/readyz", ops.readyz),
        Route("/metrics", ops.metrics),
        Route("/openapi.json", openapi.openapi),
    ]
    for route in table:
        route.path_regex = _whole(route.path_regex)
    return [*table]


def _whole(path: re.Pattern[str]) -> re.Pattern[str]:
    """A path with any character in it and nothing behind it: `.` stops at a line end, and `$` before one."""
    return re.compile(path.pattern.removesuffix("$") + r"\Z", re.DOTALL)


def _with_service(handler: Handler) -> Callable[[Request], Awaitable[Reply]]:
    async def handle(request: Request) -> Reply:
        return await handler(request, service_of(request))

    return handle
