"""Counts signals by their kind and by how they were answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus

from starlette.requests import Request

from sse_presence.http.problems import REFUSED, answer_to
from sse_presence.http.reply import Reply
from sse_presence.service import Service

Handler = Callable[[Request, Service], Awaitable[Reply]]


def counted(kind: str, handler: Handler) -> Handler:
    """A handler whose answers are counted, those that `problems` makes of what it raises among them."""

    async def count(request: Request, service: Service) -> Reply:
        code: int = HTTPStatus.INTERNAL_SERVER_ERROR
        try:
            answer = await handler(request, service)
            code = answer.status_code
        except REFUSED as error:
            code = (await answer_to(request, error)).status_code
            raise
        finally:
            service.signals[kind, str(int(code))] += 1
        return answer

    return count
