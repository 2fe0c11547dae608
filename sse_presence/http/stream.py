"""`GET /v1/events`: the stream. HEAD answers its headers only.

A request is checked like any other: 4xx for what cannot be meant or is not allowed. Once it is valid the
answer is 200 whatever happens, because browsers give up for good on anything else; limits, draining and
trouble with the store are told in the stream.
"""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from sse_presence.errors import StoreUnavailable
from sse_presence.http.context import service_of
from sse_presence.http.opening import KNOWN, opening_of
from sse_presence.http.parameters import parameters
from sse_presence.http.tickets import watcher
from sse_presence.sse.response import EventStream


class Events:
    """The endpoint, as plain ASGI: a stream keeps no request, and no frames of a router's helpers."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await (await _response(Request(scope)))(scope, receive, send)


events = Events()


async def _response(request: Request) -> EventStream:
    service = service_of(request)
    try:
        caller = await watcher(request)
        given = parameters(request, caller, *KNOWN)
        opening = await opening_of(request, given, caller, service)
    except StoreUnavailable:  # whether a ticket is good, or what a stored interest holds, is not known
        return EventStream(partial(service.desk.refuse, "overload"))
    return EventStream(partial(service.open, opening))
