"""The short way of signals: past the router, by their path alone.

Most requests are heartbeats, and a heartbeat is so small a job that finding its handler would cost more than
the job. Answers and refusals are those of the long way, which other methods and paths go. A server that can
leaves out ASGI as well: see `direct`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from sse_presence.http.context import service_of
from sse_presence.http.counted import Handler
from sse_presence.http.problems import REFUSED, answer_to


class Shortcut:
    """Hands a POST to the handler of its path, if there is one."""

    def __init__(self, app: ASGIApp, handlers: Mapping[str, Handler]) -> None:
        self._app = app
        self._handlers = handlers

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Handle one connection."""
        if scope["type"] == "http" and scope["method"] == "POST":
            path: str = scope["path"]
            handler = self._handlers.get(path.removeprefix(scope.get("root_path", "")))
            if handler is not None:
                return _answer(handler, scope, receive, send)
        return self._app(scope, receive, send)


async def _answer(handler: Handler, scope: Scope, receive: Receive, send: Send) -> None:
    request = Request(scope, receive)
    try:
        answer = await handler(request, service_of(request))
    except REFUSED as error:
        answer = await answer_to(request, error)
    await answer(scope, receive, send)
