"""What a handler works with: the service of the app that its request came to."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from starlette.requests import Request

if TYPE_CHECKING:
    from sse_presence.service import Service


def service_of(request: Request) -> Service:
    """The one service of the app, also when several apps share a process."""
    return cast("Service", request.app.state.presence)
