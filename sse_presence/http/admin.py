"""What admins do to users."""

from __future__ import annotations

import msgspec
from starlette.requests import Request

from sse_presence.errors import Forbidden
from sse_presence.http.body import decode, read_body
from sse_presence.http.context import service_of
from sse_presence.http.parameters import distinct_ids, parameters, path_parameter
from sse_presence.http.reply import Reply, reply
from sse_presence.http.schemas import EmptyBody

_BODY = msgspec.json.Decoder(EmptyBody)


async def disconnect(request: Request) -> Reply:
    """`POST /v1/users/{user}/disconnect`: end a user's streams, and refuse what was issued until now."""
    service = service_of(request)
    caller = await service.authenticate(request)
    parameters(request, caller)
    (user,) = distinct_ids("user", [path_parameter(request, "user")])
    if not caller.has("admin"):
        raise Forbidden(f"Disconnecting {user!r} takes the role admin.")
    if "content-type" in request.headers:
        decode(await read_body(request, service.settings.max_body), _BODY)
    return reply({"time": await service.revocations.revoke(user)})
