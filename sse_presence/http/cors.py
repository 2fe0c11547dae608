"""Cross-origin requests: pages of listed origins may call, and may read every answer, refusals too.

The list is exact, and any other origin gets no header that would let its page read anything. That alone
keeps no request from having an effect: those with a cookie are refused by `auth`, those to a developer's
machine by the guard of open mode.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from functools import partial

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sse_presence.errors import Forbidden
from sse_presence.http.headers import header
from sse_presence.http.origin import sharing
from sse_presence.http.problems import refusal

_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PATCH, DELETE",
    "Access-Control-Allow-Headers": "authorization, content-type, last-event-id, x-presence-user",
    "Access-Control-Max-Age": "7200",  # browsers keep none longer
}

RawHeaders = list[tuple[bytes, bytes]]


class Sharing:
    """The headers that an answer gets for the origin of its request."""

    def __init__(self, origins: Sequence[str]) -> None:
        self.origins = origins
        self._listed = {origin: Headers(sharing(origin, origins)).raw for origin in origins}
        self._otherwise = Headers(sharing(None, origins)).raw

    def __call__(self, scope: Scope) -> RawHeaders:
        """Look at one request; most services list no origin, and add nothing."""
        if not self.origins:
            return []
        return self._listed.get(header(scope, b"origin") or "", self._otherwise)


class CrossOrigin:
    """Answers preflights itself; to all else it adds its headers where the response starts."""

    def __init__(self, app: ASGIApp, shared: Sharing) -> None:
        self._app = app
        self._shared = shared

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Handle one connection."""
        if scope["type"] != "http":
            return self._app(scope, receive, send)
        if scope["method"] == "OPTIONS" and header(scope, b"access-control-request-method") is not None:
            origin = header(scope, b"origin")
            if origin:
                return self._preflight(origin)(scope, receive, send)
        added = self._shared(scope)
        return self._app(scope, receive, partial(_send, send, added) if added else send)

    def _preflight(self, origin: str) -> Response:
        origins = self._shared.origins
        shared = sharing(origin, origins)
        if origin in origins:
            return Response(status_code=204, headers=shared | _PREFLIGHT)
        response = refusal(
            Forbidden(f"Pages of {origin} may not call. If that is yours, add it to SSE_PRESENCE_ORIGINS.")
        )
        response.headers.update(shared)
        return response


def _send(send: Send, added: RawHeaders, message: Message) -> Awaitable[None]:
    if message["type"] == "http.response.start":
        message = {**message, "headers": [*message.get("headers", ()), *added]}
    return send(message)
