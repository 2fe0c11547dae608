"""`GET /openapi.json`: the API for machines; bodies are described by the types that decode them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from importlib.metadata import version
from typing import Any, NamedTuple

import msgspec
from starlette.requests import Request

from sse_presence.http.answers import (
    COUNT,
    DURATION,
    ID,
    SCHEMAS,
    STALE,
    TEXT,
    TIME,
    Schema,
    many,
    ref,
    thing,
)
from sse_presence.http.body import TYPES
from sse_presence.http.reply import Reply
from sse_presence.http.schemas import (
    EmptyBody,
    HeartbeatBody,
    InterestBody,
    InterestChangeBody,
    LeaveBody,
    QueryBody,
    StatusBody,
    TypingBody,
)


class Call(NamedTuple):
    """One method of one path."""

    method: str
    path: str
    summary: str
    answer: Schema
    parameters: Sequence[Schema] = ()
    body: type | None = None
    status: int = 200
    media_type: str = "application/json"
    refusals: Sequence[int] = (400, 401, 403, 422, 429, 503)
    """Beside 414, which any target may be."""


def _query(name: str, schema: Schema, description: str) -> Schema:
    return {"in": "query", "name": name, "schema": schema, "description": description}


def _path(name: str) -> Schema:
    return {"in": "path", "name": name, "required": True, "schema": ID}


_WITH_BODY = (400, 401, 403, 413, 415, 422, 429, 503)
_OK = thing(status={"const": "ok"})
_INTEREST = (
    _query("user", many(ID), "whom to watch; repeated for several"),
    _query("channel", many(ID), "where to watch who types and who is there; likewise"),
    _query("members", many(ID), "likewise, with the records of the members"),
    _query("interest", ID, "a stored interest, in the place of these three"),
    _query("last_event_id", TEXT, "where to go on, where the header Last-Event-ID is absent"),
    _query("device", ID, "the device that this stream keeps alive for a while"),
    _query("pad", {"enum": ["0", "1"]}, "1: begin with 2 KiB of comment"),
    _query("ticket", TEXT, "credentials for addresses, from POST /v1/tickets"),
    {"in": "header", "name": "Last-Event-ID", "schema": TEXT, "description": "where to go on"},
)

CALLS = (
    Call(
        *("post", "/v1/heartbeat", "A device is alive"),
        thing({"denied": many(ID), **STALE}, status=TEXT, heartbeat_ms=DURATION, time=TIME),
        body=HeartbeatBody,
        refusals=_WITH_BODY,
    ),
    Call(
        *("post", "/v1/status", "What a user chooses to show"),
        ref("Record"),
        body=StatusBody,
        refusals=_WITH_BODY,
    ),
    Call(
        *("post", "/v1/typing", "A device types in a channel, or stopped"),
        thing(STALE, expires_in=DURATION, refresh_ms=DURATION),
        body=TypingBody,
        refusals=_WITH_BODY,
    ),
    Call(
        *("post", "/v1/leave", "A device goes"),
        thing(STALE, time=TIME),
        body=LeaveBody,
        refusals=(400, 401, 403, 413, 415, 422, 503),
    ),
    Call(
        *("get", "/v1/presence", "Records as they are now"),
        ref("Presence"),
        parameters=(_query("user", many(ID), "repeated for several"),),
    ),
    Call(
        *("post", "/v1/presence", "Records and channels as they are now"),
        ref("Presence"),
        body=QueryBody,
        refusals=_WITH_BODY,
    ),
    Call(
        *("get", "/v1/channels/{channel}", "Who is in a channel, and who types there"),
        ref("Channel"),
        parameters=(_path("channel"),),
    ),
    Call(
        *("post", "/v1/interests", "Store what streams watch"),
        thing(interest=ID),
        body=InterestBody,
        status=201,
        refusals=_WITH_BODY,
    ),
    Call(
        *("patch", "/v1/interests/{interest}", "Change what streams watch, while they are open"),
        thing(users=COUNT, channels=COUNT, members=COUNT),
        parameters=(_path("interest"),),
        body=InterestChangeBody,
        refusals=(*_WITH_BODY, 404),
    ),
    Call(
        *("post", "/v1/tickets", "Credentials for the address of a stream"),
        thing(ticket=TEXT, expires_in=DURATION),
        body=EmptyBody,
        status=201,
        refusals=_WITH_BODY,
    ),
    Call(
        *("get", "/v1/events", "Server-Sent Events: each `event` with its `data` is an Event of the schemas"),
        TEXT,
        parameters=_INTEREST,
        media_type="text/event-stream",
        refusals=(400, 401, 403, 404, 422),
    ),
    Call(
        *("get", "/v1/poll", "What a stream would tell, in one answer"),
        thing(cursor=TEXT, events=many(ref("Event"))),
        parameters=(*_INTEREST, _query("timeout_ms", {"type": "integer"}, "how long to wait for something")),
        refusals=(400, 401, 403, 404, 422, 429, 503),
    ),
    Call(
        *("post", "/v1/users/{user}/disconnect", "End a user's streams and tokens; takes the role admin"),
        thing(time=TIME),
        parameters=(_path("user"),),
        body=EmptyBody,
        refusals=(400, 401, 403, 413, 415, 422, 503),
    ),
    Call("get", "/healthz", "Whether the process answers", _OK, refusals=()),
    Call("get", "/readyz", "Whether store and bus are up", _OK, refusals=(503,)),
    Call("get", "/metrics", "Figures for Prometheus", TEXT, media_type="text/plain", refusals=()),
    Call("get", "/openapi.json", "This document", {"type": "object"}, refusals=()),
)

_WAYS_IN: dict[str, Schema] = {
    "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "cookie": {"type": "apiKey", "in": "cookie", "name": "presence_token"},
    "name": {"type": "apiKey", "in": "header", "name": "X-Presence-User", "description": "open mode"},
}


async def openapi(request: Request) -> Reply:
    """`GET /openapi.json`: this API, where it is mounted."""
    return Reply(_encoded(request.scope.get("root_path", "")))


@lru_cache(maxsize=8)
def _encoded(root: str) -> bytes:
    return msgspec.json.encode(document(root))


def document(root: str = "") -> dict[str, Any]:
    """The whole description, of a service under a prefix."""
    bodies = [call.body for call in CALLS if call.body is not None]
    _, components = msgspec.json.schema_components(bodies, ref_template="#/components/schemas/{name}")
    paths: dict[str, dict[str, Any]] = {}
    for call in CALLS:
        paths.setdefault(call.path, {})[call.method] = _operation(call)
    return {
        "openapi": "3.1.0",
        "info": {"title": "SSE Presence", "version": version("sse-presence")},
        "servers": [{"url": root or "/"}],
        "security": [{name: []} for name in _WAYS_IN],
        "paths": paths,
        "components": {
            "schemas": SCHEMAS | components,
            "securitySchemes": _WAYS_IN,
            "responses": {
                "Problem": {
                    "description": "Refused. Nothing was changed, unless it is 503: then send it again",
                    "content": {"application/problem+json": {"schema": ref("Problem")}},
                }
            },
        },
    }


def _operation(call: Call) -> dict[str, Any]:
    answer = {"description": call.summary, "content": {call.media_type: {"schema": call.answer}}}
    responses = {str(call.status): answer} | {
        str(status): {"$ref": "#/components/responses/Problem"} for status in sorted({*call.refusals, 414})
    }
    operation: dict[str, Any] = {"summary": call.summary, "responses": responses}
    if call.parameters:
        operation["parameters"] = list(call.parameters)
    if call.body is not None:
        operation["requestBody"] = {
            "required": call.body is not EmptyBody,
            "content": {media_type: {"schema": ref(call.body.__name__)} for media_type in sorted(TYPES)},
        }
    if not call.path.startswith("/v1/"):
        operation["security"] = []
    return operation
