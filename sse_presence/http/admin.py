"""What admins do to users."""

from __future__ import annotations

from starlette.requests import Request

from sse_presence.errors import Forbidden
from sse_presence.http.body import read_nothing
from sse_presence.http.context import service_of
from sse_presence.http.parameters import distinct_ids, parameters, path_parameter
from sse_presence.http.reply import Reply, reply


async def disconnect(request: Request) -> Reply:
    """`POST /v1/users/{user}/disconnect`: end a user's streams, and refuse what was issued until now."""
    service = service_of(request)
    caller = await service.authenticate(request)
    parameters(request, caller)
    (user,) = distinct_ids("user", [path_parameter(request, "user")])
    if not caller.has("admin"):
        raise Forbidden(f"Disconnecting {user!r} takes the role admin.")
    await read_nothing(request, service.settings.max_body)
    return reply({"time": await service.revocations.revoke(user)})
