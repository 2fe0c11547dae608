"""What a request for events asks for: the parameters that streams and polls share, checked and allowed."""

from __future__ import annotations

from starlette.requests import Request

from sse_presence.domain.identifier import flaw
from sse_presence.domain.interest import Interest, StoredInterest
from sse_presence.domain.rights import Identity
from sse_presence.errors import FieldError, NotFound
from sse_presence.fanout.opening import Opening
from sse_presence.http.parameters import Parameters, invalid, last_event_id
from sse_presence.http.permission import refuse_unenterable, refuse_unwatchable
from sse_presence.service import Service

_LISTS = ("user", "channel", "members")
KNOWN = (*_LISTS, "interest", "device", "last_event_id", "pad")
"""The names of the parameters."""


async def opening_of(request: Request, given: Parameters, caller: Identity, service: Service) -> Opening:
    """What is asked for; raises Invalid, Forbidden, NotFound, or StoreUnavailable for a stored interest."""
    device, pad = _device(given), _pad(given)
    stored = await _stored(given, caller, service)
    interest = _listed(given, caller, service) if stored is None else _interest(stored)
    refuse_unwatchable(interest.users, caller)
    refuse_unenterable((*interest.channels, *interest.members), caller)
    return Opening(
        interest=interest,
        caller=caller,
        stored=stored,
        device=device,
        last_event_id=last_event_id(request, given),
        pad=pad,
        expires=caller.expires,
        ticket=caller.ticket,
    )


def _listed(given: Parameters, caller: Identity, service: Service) -> Interest:
    settings = service.settings
    lists = []
    for name in _LISTS:
        ids = given.ids(name)
        limit = settings.max_interest_users if name == "user" else settings.max_interest_channels
        if len(ids) > limit:
            raise invalid([FieldError(name, f"may be given {limit} times, and is given {len(ids)} times")])
        lists.append(tuple(ids))
    return Interest(caller.user, *lists)


async def _stored(given: Parameters, caller: Identity, service: Service) -> StoredInterest | None:
    name = given.one("interest")
    if name is None:
        return None
    beside = [FieldError(other, "is part of the interest: change that") for other in _LISTS if other in given]
    if beside:
        raise invalid(beside)
    stored = None if flaw(name) else await service.store.interest(name)
    if stored is None or stored.owner != caller.user:
        raise NotFound(f"You have no interest {name[:64]!r}: make one with POST /v1/interests.")
    return stored


def _interest(stored: StoredInterest) -> Interest:
    return Interest(stored.owner, tuple(stored.users), tuple(stored.channels), tuple(stored.members))


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
