"""Channels as they are now: who types, and who is there.

A channel's right lets its members be named; whoever lacks it learns nothing of the channel. What changes is
told by streams; counts here may lag behind by as much as those do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from starlette.requests import Request

from sse_presence.domain.rights import Identity
from sse_presence.http.context import service_of
from sse_presence.http.limits import spend
from sse_presence.http.parameters import distinct_ids, parameters, path_parameter
from sse_presence.http.permission import refuse_unenterable
from sse_presence.http.reply import Reply
from sse_presence.service import Service
from sse_presence.sse.encode import channel_json


async def channel(request: Request) -> Reply:
    """`GET /v1/channels/{channel}`: one channel."""
    service = service_of(request)
    caller = await service.authenticate(request)
    parameters(request, caller)
    (name,) = distinct_ids("channel", [path_parameter(request, "channel")])
    refuse_unenterable([name], caller)
    spend(service, "query", caller.user)
    return Reply((await read_channels(service, caller, [name]))[0])


async def read_channels(service: Service, caller: Identity, channels: Sequence[str]) -> list[bytes]:
    """Channels as JSON, in the order asked for, as the caller sees them; none may be named twice."""
    store = service.store
    lists, rolls = await asyncio.gather(store.typing_in(channels), store.rolls(channels))
    typing = {listed.channel: listed for listed in lists}
    present = {roll.channel: roll for roll in rolls}
    return [
        channel_json(present[name], typing[name], caller.user, service.clock_of(name).now())
        for name in channels
    ]
