"""`GET /v1/poll`: a stream for networks that buffer or cut streams, answered as soon as there is news.

It is checked, let in, limited and told off like a stream, and never attaches a device. What a stream says
in-band, goodbyes with their `retry_ms` among it, stands among the events of the answer. HEAD is checked, too,
and answered at once: headers only.
"""

from __future__ import annotations

import asyncio
import re

import msgspec
from starlette.requests import Request

from sse_presence.errors import FieldError, StoreUnavailable
from sse_presence.fanout.subscription import Refused, Subscription
from sse_presence.http.context import service_of
from sse_presence.http.limits import spend
from sse_presence.http.opening import KNOWN, opening_of
from sse_presence.http.parameters import Parameters, invalid, last_event_id, parameters
from sse_presence.http.reply import Reply
from sse_presence.http.tickets import watcher
from sse_presence.sse.collector import Collector
from sse_presence.sse.response import gone

LONGEST = 30_000
"""Milliseconds that a poll may wait, and waits where nothing else is asked for."""

_NUMBER = re.compile("[0-9]{1,9}")


async def poll(request: Request) -> Reply:
    """Answer with what is new since a cursor, or with nothing after a while."""
    service = service_of(request)
    caller = await watcher(request)
    given = parameters(request, caller, *KNOWN, "timeout_ms")
    patience = _patience(given)
    spend(service, "poll", caller.user)
    try:
        opening = await opening_of(request, given, caller, service)
    except StoreUnavailable:  # what a stored interest holds is not known
        opening = None
    if request.method == "HEAD":
        return _headers()
    sink = Collector(last_event_id(request, given))
    subscription: Subscription | Refused
    if opening is None:
        subscription = service.desk.refuse("overload", sink)
    else:
        asked = msgspec.structs.replace(opening, device=None, patience=patience)
        subscription = service.open(asked, sink)
    left = asyncio.create_task(gone(request.receive))
    try:
        await asyncio.wait({sink.answered, left}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        subscription.close(by_peer=left.done(), vanished=False)
        left.cancel()
    return Reply(sink.answer())


def _headers() -> Reply:
    answer = Reply(b"")
    del answer.headers["content-length"]  # that of a GET is not known before its answer
    return answer


def _patience(given: Parameters) -> int:
    text = given.one("timeout_ms")
    if text is None:
        return LONGEST
    if not _NUMBER.fullmatch(text) or int(text) > LONGEST:
        raise invalid([FieldError("timeout_ms", f"must be a whole number from 0 to {LONGEST}")])
    return int(text)
