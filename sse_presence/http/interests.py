"""Stored interests: what streams watch, kept by the service under an id and changed while they are open.

An interest belongs to its maker: for everybody else there is none of that id. Rights are asked whenever
something is added, and again whenever a stream is opened on it.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from starlette.requests import Request

from sse_presence.domain.identifier import flaw
from sse_presence.domain.interest import Interest
from sse_presence.domain.rights import Identity
from sse_presence.errors import FieldError, NotFound
from sse_presence.http.body import decode, read_body
from sse_presence.http.context import service_of
from sse_presence.http.limits import spend
from sse_presence.http.parameters import distinct_ids, invalid, parameters, path_parameter
from sse_presence.http.permission import refuse_unenterable, refuse_unwatchable
from sse_presence.http.reply import Reply, reply
from sse_presence.http.schemas import InterestBody, InterestChangeBody
from sse_presence.settings import Settings

_DEARER = 500
"""Names in a call that count as one more call: the store keeps all of them for over an hour."""

_MADE = msgspec.json.Decoder(InterestBody)
_CHANGED = msgspec.json.Decoder(InterestChangeBody)


async def make(request: Request) -> Reply:
    """`POST /v1/interests`: keep an interest."""
    service = service_of(request)
    caller = await service.authenticate(request)
    parameters(request, caller)
    body = decode(await read_body(request, service.settings.max_body), _MADE)
    interest = _interest(body, caller, service.settings)
    _refuse_unallowed(interest, caller)
    spend(service, "interest", caller.user, _cost(interest))
    stored = await service.store.keep_interest(
        caller.user, interest.users, interest.channels, interest.members
    )
    return Reply(msgspec.json.encode({"interest": stored.id}), 201)


async def change(request: Request) -> Reply:
    """`PATCH /v1/interests/{interest}`: remove from an interest, then add to it."""
    service = service_of(request)
    caller = await service.authenticate(request)
    parameters(request, caller)
    body = decode(await read_body(request, service.settings.max_body), _CHANGED)
    add = _interest(body.add or InterestBody(), caller, service.settings, "add.")
    remove = _interest(body.remove or InterestBody(), caller, service.settings, "remove.")
    _refuse_unallowed(add, caller)
    spend(service, "interest", caller.user, _cost(add, remove))
    name = path_parameter(request, "interest")
    stored = None if flaw(name) else await service.interests.change(name, caller.user, add, remove)
    if stored is None:
        raise NotFound(f"You have no interest {name[:64]!r}, or not any more; POST /v1/interests makes one.")
    totals = {"users": stored.users, "channels": stored.channels, "members": stored.members}
    return reply({kind: len(names) for kind, names in totals.items()})


def _cost(*named: Interest) -> int:
    names = sum(len(one.users) + len(one.channels) + len(one.members) for one in named)
    return 1 + names // _DEARER


def _interest(body: InterestBody, caller: Identity, settings: Settings, place: str = "") -> Interest:
    """Three lists as an interest; raises Invalid for what is no id and for lists that are too long."""
    return Interest(
        caller.user,
        _ids(f"{place}users", body.users, settings.max_interest_users),
        _ids(f"{place}channels", body.channels, settings.max_interest_channels),
        _ids(f"{place}members", body.members, settings.max_interest_channels),
    )


def _ids(field: str, names: Sequence[str] | None, limit: int) -> tuple[str, ...]:
    ids = distinct_ids(field, names or ())
    if len(ids) > limit:
        raise invalid([FieldError(field, f"may name {limit}, and names {len(ids)}")])
    return tuple(ids)


def _refuse_unallowed(interest: Interest, caller: Identity) -> None:
    refuse_unwatchable(interest.users, caller)
    refuse_unenterable(tuple(dict.fromkeys((*interest.channels, *interest.members))), caller)
