"""Who is calling. Identity comes from credentials only, never from a body; without any it is 401.

In jwt mode the header `Authorization: Bearer` counts before the cookie, so that a script with a token of its
own is not bound by what the browser holds. A cookie is sent by the browser whatever page asks, so with it
writes and streams must come from the own origin or one that is listed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request

from sse_presence.domain.identifier import flaw
from sse_presence.domain.rights import EVERYTHING, Identity
from sse_presence.errors import Forbidden, Unauthenticated
from sse_presence.http.headers import header
from sse_presence.http.origin import foreign_page
from sse_presence.http.parameters import read_query
from sse_presence.http.tokens import Tokens
from sse_presence.settings import Settings

Authenticate = Callable[[Request], Awaitable[Identity]]
"""Raises Unauthenticated or Forbidden (or Starlette's HTTPException)."""

COOKIE = "presence_token"


def authenticator(settings: Settings) -> Authenticate:
    """The way of telling callers that the settings ask for."""
    return by_name if settings.auth == "open" else ByToken(settings)


async def by_name(request: Request) -> Identity:
    """Open mode: callers are who they say, by the header before the query, and may do everything."""
    user = _named(request)
    reason = flaw(user) if user else 'is missing: send "X-Presence-User: alice", or "as=alice" in the query'
    if reason is not None:
        raise Unauthenticated(f"The name of the caller {reason}.")
    return Identity(user=user, rights=EVERYTHING, parameters=_NAMING)


_NAMING = frozenset({"as"})


def _named(request: Request) -> str:
    named = header(request.scope, b"x-presence-user")
    if not named:
        return read_query(request.scope["query_string"]).one("as") or ""
    try:
        return named.encode("latin-1").decode()
    except UnicodeDecodeError:
        raise Unauthenticated(
            "The name of the caller must be UTF-8, in X-Presence-User as elsewhere."
        ) from None


class ByToken:
    """jwt mode: callers bring a token, and may do what it grants."""

    def __init__(self, settings: Settings) -> None:
        self._tokens = Tokens(settings)
        self._origins = frozenset(settings.origins)

    async def __call__(self, request: Request) -> Identity:
        """Tell the caller of a request."""
        token = bearer(request)
        if token is None:
            token = request.cookies.get(COOKIE)
            if not token:
                raise Unauthenticated(f"Send a token as `Authorization: Bearer …` or in the cookie {COOKIE}.")
            self._refuse_foreign_page(request)
        return self._tokens.identity(token)

    def _refuse_foreign_page(self, request: Request) -> None:
        path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
        acts = request.method not in {"GET", "HEAD"} or path in _STREAMS
        page = foreign_page(request.headers, self._origins) if acts else None
        if page is not None:
            raise Forbidden(
                f"Nothing from {page} is taken with a cookie. If it is yours, add it to SSE_PRESENCE_ORIGINS."
            )


_STREAMS = frozenset({"/v1/events", "/v1/poll"})
"""Paths of GET requests that do more than read: a stream keeps its device alive, and a poll that waits takes
the place of one."""


def bearer(request: Request) -> str | None:
    """The token of the header, or None where there is none; other schemes are for others on the way."""
    scheme, _, token = (header(request.scope, b"authorization") or "").partition(" ")
    if scheme.lower() != "bearer":
        return None
    return token.strip()
