"""What is refused before any route is looked at.

What passes is handed on as it is, without a frame or a wrapper of `send`: streams pay nothing for it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from starlette.types import ASGIApp, Receive, Scope, Send

from sse_presence.errors import Forbidden, RequestError, TargetTooLong
from sse_presence.http.origin import foreign_page, is_loopback, proxy_header
from sse_presence.http.problems import refusal
from sse_presence.settings import Settings

Rule = Callable[[Scope], None]
"""Raises RequestError for a request that may not enter."""


class Entrance:
    """Refuses what any of the rules refuses. Closes WebSockets."""

    def __init__(self, app: ASGIApp, rules: Sequence[Rule]) -> None:
        self._app = app
        self._rules = rules

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Handle one connection."""
        if scope["type"] == "websocket":
            return send({"type": "websocket.close", "code": 1000, "reason": ""})
        if scope["type"] == "http":
            try:
                for rule in self._rules:
                    rule(scope)
            except RequestError as error:
                return refusal(error)(scope, receive, send)
        return self._app(scope, receive, send)


class TargetLimit:
    """A request target over the limit is 414; a list is never cut short."""

    def __init__(self, limit: int) -> None:
        self._limit = limit

    def __call__(self, scope: Scope) -> None:
        """Look at one request."""
        path = scope.get("raw_path") or scope["path"].encode()
        query: bytes = scope["query_string"]
        size = len(path) + len(query) + bool(query)
        if size > self._limit:
            raise TargetTooLong(
                f"The request target has {size} bytes and may have {self._limit}; long lists go into a POST."
            )


class OpenModeGuard:
    """In open mode, whatever is not a program or a page of this machine is kept out."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def __call__(self, scope: Scope) -> None:
        """Look at one request."""
        if _is_of_program(scope["headers"]):
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        if not self._settings.insecure_open:
            for name, value in scope["headers"]:
                if name == b"host" and not is_loopback(host := value.decode("latin-1")):
                    raise Forbidden(f"Open mode serves this machine only, and Host is {host}. {_REMEDY}")
            forwarder = proxy_header(headers)
            if forwarder is not None:
                raise Forbidden(f"Open mode takes nothing forwarded, and {forwarder} is set. {_REMEDY}")
        page = foreign_page(headers, self._settings.origins)
        if page is not None and not _follows_link_to_page(scope, headers):
            raise Forbidden(
                f"Open mode takes nothing from {page}. If that is yours, add it to SSE_PRESENCE_ORIGINS."
            )


_REMEDY = "Use SSE_PRESENCE_AUTH=jwt, or --insecure-open where the network keeps strangers out."

_HARMLESS = frozenset(
    {b"accept", b"accept-encoding", b"connection", b"content-length", b"content-type", b"user-agent"}
    | {b"x-presence-user"}
)
_LOCAL = (b"127.0.0.1", b"localhost")


def _is_of_program(headers: Sequence[tuple[bytes, bytes]]) -> bool:
    """Whether nothing in the headers needs a closer look, as with most programs that call often."""
    for name, value in headers:
        if name not in _HARMLESS and not (name == b"host" and value.partition(b":")[0] in _LOCAL):
            return False
    return True


def _follows_link_to_page(scope: Scope, headers: Mapping[str, str]) -> bool:
    """Whether someone follows a link to the demo page: that gives the linking page nothing."""
    navigates = headers.get("sec-fetch-mode") == "navigate" and scope["method"] == "GET"
    return navigates and "/v1/" not in scope["path"]
