"""Errors as RFC 9457 `application/problem+json`, with a stable `code` and, for fields, `errors`.

Nothing of the inside is told: an unexpected exception is 500 with a fixed sentence, and is logged once,
by the server. No answer repeats a credential.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import cast

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import ExceptionHandler

from sse_presence.errors import FieldError, RequestError, StoreUnavailable, Unauthenticated
from sse_presence.http.context import service_of
from sse_presence.http.origin import sharing
from sse_presence.http.reply import Reply

RETRY_AFTER = 1
"""Seconds. The store is usually back within a failover, and heartbeats come only every few seconds anyway."""


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The body of an error answer."""

    title: str
    status: int
    detail: str
    code: str
    errors: tuple[FieldError, ...] = ()
    denied: Mapping[str, Sequence[str]] = {}


class ProblemReply(Reply):
    """An error answer."""

    media_type = "application/problem+json"

    def __init__(self, problem: Problem, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(msgspec.json.encode(problem), problem.status, headers)


def refusal(error: RequestError) -> ProblemReply:
    """A request that was refused."""
    headers = {}
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = 'Bearer realm="presence"'
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    problem = Problem(
        title=error.title,
        status=error.status,
        detail=error.detail,
        code=error.code,
        errors=error.errors,
        denied=error.denied,
    )
    return ProblemReply(problem, headers)


def unavailable(title: str, detail: str, code: str) -> ProblemReply:
    """The service cannot do its work now, and will soon."""
    problem = Problem(title=title, status=503, detail=detail, code=code)
    return ProblemReply(problem, {"Retry-After": str(RETRY_AFTER)})


async def _refused(_: Request, error: Exception) -> ProblemReply:
    return refusal(cast("RequestError", error))


async def _unavailable(_: Request, __: Exception) -> ProblemReply:
    detail = "The store did not confirm the request; send it again, which does no harm."
    return unavailable("The store is out of reach", detail, "store-unavailable")


async def _http(request: Request, exception: Exception) -> ProblemReply:
    """What the router and the static files refuse."""
    error = cast("HTTPException", exception)
    status = HTTPStatus(error.status_code)
    details = {
        HTTPStatus.NOT_FOUND: f"There is nothing at {request.scope['path']}.",
        HTTPStatus.METHOD_NOT_ALLOWED: f"{request.method} is not taken here; the header Allow says what is.",
    }
    problem = Problem(
        title=status.phrase,
        status=status,
        detail=details.get(status, error.detail),
        code=status.phrase.lower().replace(" ", "-"),
    )
    return ProblemReply(problem, error.headers)


async def _gone(_: Request, __: Exception) -> ProblemReply:
    """The peer left while it sent its body; nobody reads this answer."""
    return refusal(RequestError("The connection was closed before the body was complete."))


async def unexpected(request: Request, _: Exception) -> ProblemReply:
    """Answered outside of all middleware, so what lets a page read it is added here."""
    problem = Problem(
        title="Internal error",
        status=500,
        detail="The service failed to answer, and has logged why.",
        code="internal-error",
    )
    return ProblemReply(problem, sharing(request.headers.get("origin"), service_of(request).settings.origins))


_ANSWERS: Mapping[type[Exception], Callable[[Request, Exception], Awaitable[ProblemReply]]] = {
    RequestError: _refused,
    StoreUnavailable: _unavailable,
    HTTPException: _http,
    ClientDisconnect: _gone,
}

HANDLERS: Mapping[type[Exception], ExceptionHandler] = {**_ANSWERS, Exception: unexpected}

REFUSED = tuple(_ANSWERS)
"""What handlers raise on purpose."""


async def answer_to(request: Request, error: Exception) -> ProblemReply:
    """The answer to what a handler raised on purpose."""
    handler = next(handler for kind, handler in _ANSWERS.items() if isinstance(error, kind))
    return await handler(request, error)
