"""Tickets: credentials that may stand in the address of a stream, because EventSource can set no header.

A ticket is good for half a minute, and after that only together with a cursor that was issued under it: so an
EventSource, which comes back to the same address, is let in as long as its credentials last, while an
address that is found in a log or a history opens nothing. The store, by whose clock the half minute is, has
a digest in place of the ticket. Who brings it is who asked for it, with the rights of that moment.
"""

from __future__ import annotations

import secrets
import time
from hashlib import blake2b

import msgspec
from starlette.requests import Request

from sse_presence.domain.cursor import NO_TICKET, issued_under
from sse_presence.domain.rights import Identity
from sse_presence.errors import StoreUnavailable, Unauthenticated
from sse_presence.http.auth import bearer
from sse_presence.http.body import read_nothing
from sse_presence.http.context import service_of
from sse_presence.http.limits import spend
from sse_presence.http.parameters import last_event_id, parameters, read_query
from sse_presence.http.reply import Reply
from sse_presence.service import Service

FRESH = 30_000
"""Milliseconds for which a ticket is good by itself."""

LONGEST = 3_600_000
"""Milliseconds after which the tickets of callers end whose credentials do not."""

_PARAMETER = "ticket"
_HOLDER = msgspec.msgpack.Decoder(Identity)


async def issue(request: Request) -> Reply:
    """`POST /v1/tickets`: a ticket for the caller."""
    service = service_of(request)
    caller = await service.authenticate(request)
    parameters(request, caller)
    await read_nothing(request, service.settings.max_body)
    spend(service, "ticket", caller.user)
    now = time.time_ns() // 1_000_000
    expires = now + LONGEST if caller.expires is None else caller.expires
    ticket = secrets.token_urlsafe(24)
    issued = now if caller.issued is None else caller.issued
    held = msgspec.structs.replace(caller, issued=issued, expires=expires, ticket=_tag(ticket))
    name, lifetime = _name(ticket), max(expires - now, 1)
    await service.store.put("ticket", name, msgspec.msgpack.encode(held), lifetime)
    await service.store.put("fresh", name, b"", min(FRESH, lifetime))
    told = {"ticket": ticket, "expires_in": min(FRESH, lifetime)}
    return Reply(msgspec.json.encode(told), 201)


async def watcher(request: Request) -> Identity:
    """Who asks for events: by ticket where the address has one and no header has a token.

    Raises Unauthenticated, or StoreUnavailable where the store could not say whether the ticket is good.
    """
    service = service_of(request)
    given = read_query(request.scope["query_string"])
    ticket = given.one(_PARAMETER)
    if ticket is None:
        return await service.authenticate(request)
    caller = (
        await service.authenticate(request)
        if bearer(request) is not None
        else await _holder(service, ticket, last_event_id(request, given))
    )
    return msgspec.structs.replace(caller, parameters=caller.parameters | {_PARAMETER})


async def _holder(service: Service, ticket: str, cursor: str) -> Identity:
    name = _name(ticket)
    kept = await service.store.get("ticket", name)
    holder = None if kept is None else _HOLDER.decode(kept)
    if holder is None or _ended(holder):
        raise Unauthenticated("The ticket is not known, or not any more; POST /v1/tickets makes a new one.")
    if _issued_under(service, cursor) != holder.ticket and await service.store.get("fresh", name) is None:
        raise Unauthenticated(
            f"The ticket was good for {FRESH // 1000} s, and is now with the last event id of a stream that "
            "was opened with it; POST /v1/tickets makes a new one."
        )
    service.admit(holder)
    return holder


def _ended(holder: Identity) -> bool:
    """Whether the credentials that the ticket was made with are over: of those the issuer's clock decides."""
    return holder.expires is not None and holder.expires <= time.time() * 1000


def _issued_under(service: Service, cursor: str) -> bytes | None:
    key = service.node.hub.press.key
    if not key:
        raise StoreUnavailable("The key of the cursors has not been read yet.")
    return issued_under(key, cursor)


def _name(ticket: str) -> str:
    """What stands for a ticket in the store, and tells nobody there what it is."""
    return blake2b(ticket.encode(), digest_size=32, person=b"presence ticket").hexdigest()


def _tag(ticket: str) -> bytes:
    """What stands for it in cursors."""
    return blake2b(ticket.encode(), digest_size=len(NO_TICKET), person=b"presence tag").digest()
