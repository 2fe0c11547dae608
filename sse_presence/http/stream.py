"""`GET /v1/events`: the stream. HEAD answers its headers only.

A request is checked like any other: 4xx for what cannot be meant or is not allowed. Once it is valid the
answer is 200 whatever happens, because browsers give up for good on anything else; limits, draining and
trouble with the store are told in the stream.
"""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from sse_presence.domain.identifier import flaw
from sse_presence.domain.interest import Interest
from sse_presence.domain.rights import Identity
from sse_presence.errors import FieldError
from sse_presence.fanout.subscription import Opening
from sse_presence.http.context import service_of
from sse_presence.http.parameters import Parameters, invalid, parameters
from sse_presence.http.permission import refuse_unenterable, refuse_unwatchable
from sse_presence.settings import Settings
from sse_presence.sse.response import EventStream

_LATER = ("members", "interest")
_KNOWN = ("user", "channel", "device", "last_event_id", "pad", *_LATER)


class Events:
    """The endpoint, as plain ASGI: a stream keeps no request, and no frames of a router's helpers."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await (await _response(Request(scope)))(scope, receive, send)


events = Events()


async def _response(request: Request) -> EventStream:
    service = service_of(request)
    caller = await service.authenticate(request)
    given = parameters(request, caller, *_KNOWN)
    interest = _interest(given, caller, service.settings)
    refuse_unwatchable(interest.users, caller)
    refuse_unenterable(interest.channels, caller)
    opening = Opening(
        interest=interest,
        device=_device(given),
        last_event_id=request.headers.get("last-event-id") or given.one("last_event_id") or "",
        pad=_pad(given),
        expires=caller.expires,
    )
    return EventStream(partial(service.desk.open, opening))


def _interest(given: Parameters, caller: Identity, settings: Settings) -> Interest:
    for name in _LATER:
        if name in given:
            raise invalid([FieldError(name, "is not supported yet: name users and channels")])
    users, channels = given.ids("user"), given.ids("channel")
    for name, ids, limit in (
        ("user", users, settings.max_interest_users),
        ("channel", channels, settings.max_interest_channels),
    ):
        if len(ids) > limit:
            raise invalid([FieldError(name, f"may be given {limit} times, and is given {len(ids)} times")])
    return Interest(caller.user, tuple(users), tuple(channels))


def _device(given: Parameters) -> str | None:
    device = given.one("device")
    reason = None if device is None else flaw(device)
    if reason is not None:
        raise invalid([FieldError("device", reason)])
    return device


def _pad(given: Parameters) -> bool:
    pad = given.one("pad")
    if pad not in {None, "0", "1"}:
        raise invalid([FieldError("pad", "must be 0 or 1")])
    return pad == "1"
