"""Signals: what clients POST. A 2xx says that it is stored, a 4xx that nothing changed, a 503 to try again.

Identity is told first, then the body is read and checked, then rights, then how often it is sent, and only
then the store is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request

from sse_presence.domain.rights import Identity
from sse_presence.domain.signal import Answer
from sse_presence.errors import Forbidden
from sse_presence.http.body import decode, read_body
from sse_presence.http.limits import spend
from sse_presence.http.parameters import parameters
from sse_presence.http.permission import refuse_unenterable
from sse_presence.http.reply import Reply, reply
from sse_presence.http.schemas import HeartbeatBody, LeaveBody, SignalBody, StatusBody, TypingBody
from sse_presence.service import Service
from sse_presence.sse.encode import record_json

B = TypeVar("B", bound=SignalBody)

_HEARTBEAT = msgspec.json.Decoder(HeartbeatBody)
_STATUS = msgspec.json.Decoder(StatusBody)
_TYPING = msgspec.json.Decoder(TypingBody)
_LEAVE = msgspec.json.Decoder(LeaveBody)


class Beaten(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The answer to a heartbeat."""

    status: str
    heartbeat_ms: int
    time: int
    denied: list[str] = []
    stale: bool = False
    seq: int | None = None


async def heartbeat(request: Request, service: Service) -> Reply:
    """`POST /v1/heartbeat`: a device is alive."""
    caller, user, body = await _received(request, service, _HEARTBEAT)
    spend(service, "heartbeat", user)
    allowed, denied = _parted(body.channels, caller)
    beat = body.signal(service.settings, allowed)
    node = service.node
    answer = await node.store.heartbeat(user, beat)
    told = Beaten(status=answer.status, heartbeat_ms=beat.interval, time=answer.time, denied=denied)
    if answer.stale:
        told.stale, told.seq = True, answer.seq
    else:
        node.attachments.signalled(user, beat.device, beat.interval)
    return reply(told)


async def status(request: Request, service: Service) -> Reply:
    """`POST /v1/status`: what a user chooses to show."""
    _, user, body = await _received(request, service, _STATUS)
    spend(service, "status", user)
    return Reply(record_json(await service.store.status(user, body.signal())))


async def typing(request: Request, service: Service) -> Reply:
    """`POST /v1/typing`: a device types in a channel, or stopped."""
    caller, user, body = await _received(request, service, _TYPING)
    refuse_unenterable([body.channel], caller)
    if body.typing:  # a stop that is refused would leave somebody typing
        spend(service, "typing", user)
    answer = await service.store.typing(user, body.signal())
    if not answer.stale:
        service.attachments.signalled(user, body.device)
    lifetime = service.settings.typing_ttl
    return reply({"expires_in": lifetime, "refresh_ms": lifetime // 2} | _staleness(answer))


async def leave(request: Request, service: Service) -> Reply:
    """`POST /v1/leave`: a device says that it goes; never too often, for it will not say so again."""
    _, user, body = await _received(request, service, _LEAVE)
    answer = await service.store.leave(user, body.signal())
    return reply({"time": answer.time} | _staleness(answer))


def _parted(channels: Sequence[str] | None, caller: Identity) -> tuple[list[str], list[str]]:
    """Channels that a caller may be in, and those that it may not; each once."""
    parts: tuple[list[str], list[str]] = [], []
    for channel in dict.fromkeys(channels) if channels else ():
        parts[not caller.may_enter(channel)].append(channel)
    return parts


async def _received(
    request: Request, service: Service, decoder: msgspec.json.Decoder[B]
) -> tuple[Identity, str, B]:
    """The caller, the user whom the signal is for, and its checked body."""
    caller = await service.authenticate(request)
    for user in parameters(request, caller, "user").many("user"):
        if user != caller.user:
            raise Forbidden(f"A signal for {user!r} says so in its body, and takes the role publish.")
    body = decode(await read_body(request, service.settings.max_body), decoder)
    body.check(service.settings)
    user = caller.user if body.user is None else body.user
    if user != caller.user and not caller.has("publish"):
        raise Forbidden(f"Signalling for {user!r} takes the role publish; you are {caller.user!r}.")
    return caller, user, body


def _staleness(answer: Answer) -> dict[str, Any]:
    return {"stale": True, "seq": answer.seq} if answer.stale else {}
