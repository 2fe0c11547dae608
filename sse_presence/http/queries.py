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
from sse_presence.http.context import service_of
from sse_presence.http.limits import spend
from sse_presence.http.parameters import distinct_ids, invalid, parameters
from sse_presence.http.permission import refuse_unwatchable
from sse_presence.http.reply import Reply
from sse_presence.http.schemas import QueryBody
from sse_presence.service import Service
from sse_presence.sse.encode import record_json

_NAMED = 50
"""Names in a query that count as one more query."""

_QUERY = msgspec.json.Decoder(QueryBody)


async def presence(request: Request) -> Reply:
    """`GET /v1/presence?user=a&user=b`, and `POST /v1/presence` for long lists."""
    service = service_of(request)
    caller = await service.authenticate(request)
    if request.method == "POST":
        parameters(request, caller)
        body = decode(await read_body(request, service.settings.max_body), _QUERY)
        body.check()
        field, users = "users", body.users
    else:
        field, users = "user", parameters(request, caller, "user").many("user")
    users = distinct_ids(field, users)
    limit = service.settings.max_query_users
    if len(users) > limit:
        raise invalid([FieldError(field, f"may name {limit} users, and names {len(users)}")])
    refuse_unwatchable(users, caller)
    spend(service, "query", caller.user, 1 + len(users) // _NAMED)
    return await _answer(service, caller, users)


async def _answer(service: Service, caller: Identity, users: Sequence[str]) -> Reply:
    others = [user for user in users if user != caller.user]
    readings = [await service.store.read(others)] if others else []
    if len(others) < len(users) or not others:  # an empty query has a time too
        readings.append(await service.store.own(caller.user))
    records = {record.user: record for reading in readings for record in reading.records}
    listed = b",".join(record_json(records[user]) for user in users)
    return Reply(b'{"users":[%b],"time":%d%b}' % (listed, readings[0].time, _settling(readings[0])))


def _settling(reading: Reading) -> bytes:
    return b',"settling_ms":%d' % max(reading.settling.values()) if reading.settling else b""
