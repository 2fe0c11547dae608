"""Queries: records as they are now, time included, in the order in which they were asked for.

Others are seen as everybody sees them; the caller sees its own true record, as its streams do.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from starlette.requests import Request

from sse_presence.domain.rights import Identity
from sse_presence.domain.signal import Reading
from sse_presence.errors import FieldError
from sse_presence.http.body import decode, read_body
from sse_presence.http.channels import read_channels
from sse_presence.http.context import service_of
from sse_presence.http.limits import spend
from sse_presence.http.parameters import distinct_ids, invalid, parameters
from sse_presence.http.permission import refuse_unenterable, refuse_unwatchable
from sse_presence.http.reply import Reply
from sse_presence.http.schemas import QueryBody
from sse_presence.service import Service
from sse_presence.sse.encode import record_json

_DEARER = 50
"""Names in a query that count as one more query."""

_QUERY = msgspec.json.Decoder(QueryBody)


async def presence(request: Request) -> Reply:
    """`GET /v1/presence?user=a&user=b`, and `POST /v1/presence` for long lists and for channels."""
    service = service_of(request)
    caller = await service.authenticate(request)
    settings = service.settings
    channels: Sequence[str] | None = None
    if request.method == "POST":
        parameters(request, caller)
        body = decode(await read_body(request, settings.max_body), _QUERY)
        field, users, channels = "users", body.users or (), body.channels
    else:
        field, users = "user", parameters(request, caller, "user").many("user")
    users = _named(field, users, settings.max_query_users, "users")
    channels = _named("channels", channels or (), settings.max_query_channels, "channels")
    refuse_unwatchable(users, caller)
    refuse_unenterable(channels, caller)
    spend(service, "query", caller.user, 1 + (len(users) + len(channels)) // _DEARER)
    return await _answer(service, caller, users, channels)


def _named(field: str, names: Sequence[str], limit: int, kind: str) -> list[str]:
    ids = distinct_ids(field, names)
    if len(ids) > limit:
        raise invalid([FieldError(field, f"may name {limit} {kind}, and names {len(ids)}")])
    return ids


async def _answer(service: Service, caller: Identity, users: Sequence[str], channels: Sequence[str]) -> Reply:
    others = [user for user in users if user != caller.user]
    readings = [await service.store.read(others)] if others else []
    if len(others) < len(users) or not others:  # an empty query has a time too
        readings.append(await service.store.own(caller.user))
    records = {record.user: record for reading in readings for record in reading.records}
    listed = b",".join(record_json(records[user]) for user in users)
    seen = b",".join(await read_channels(service, caller, channels)) if channels else b""
    return Reply(
        b'{"users":[%b],"channels":[%b],"time":%d%b}'
        % (listed, seen, readings[0].time, _settling(readings[0]))
    )


def _settling(reading: Reading) -> bytes:
    return b',"settling_ms":%d' % max(reading.settling.values()) if reading.settling else b""
