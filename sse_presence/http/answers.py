"""What calls answer and streams tell, as JSON Schema. That it is so is tested against a running service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Schema = dict[str, Any]

ID: Schema = {
    "type": "string",
    "minLength": 1,
    "description": "1 to 128 bytes of UTF-8, no control characters",
}
TIME: Schema = {"type": "integer", "description": "milliseconds since the epoch, by the store's clock"}
DURATION: Schema = {"type": "integer", "description": "milliseconds"}
TEXT: Schema = {"type": "string"}
COUNT: Schema = {"type": "integer", "minimum": 0}
TRUE: Schema = {"const": True}


def ref(name: str) -> Schema:
    """One of the schemas below."""
    return {"$ref": f"#/components/schemas/{name}"}


def many(item: Schema, most: int | None = None) -> Schema:
    """A list."""
    return {"type": "array", "items": item} | ({} if most is None else {"maxItems": most})


def thing(optional: Mapping[str, Schema] | None = None, /, **required: Schema) -> Schema:
    """An object with these members and no others."""
    return {
        "type": "object",
        "properties": required | dict(optional or {}),
        "required": list(required),
        "additionalProperties": False,
    }


_CHOICE: Schema = {"enum": ["online", "idle", "dnd", "invisible"]}
_CHOSEN: dict[str, Schema] = {"text": TEXT, "emoji": TEXT, "until": TIME}
_RECORD: dict[str, Schema] = {
    "activity": TEXT,
    **_CHOSEN,
    "devices": many({"enum": ["web", "mobile", "desktop", "bot"]}),
    "last_seen": TIME,
    "override": thing(_CHOSEN, status=_CHOICE),
}
_TYPISTS = many(thing(user=ID, expires_in=DURATION), 20)
STALE: dict[str, Schema] = {"stale": TRUE, "seq": {"type": "integer"}}
"""In the answer to a signal that was ignored, because a later one came before it."""


def _event(name: str, data: Schema) -> Schema:
    return thing(event={"const": name}, data=data)


EVENTS: tuple[Schema, ...] = (
    _event(
        "hello",
        thing(stream=TEXT, resumed={"type": "boolean"}, heartbeat_ms=DURATION, ping_ms=DURATION, time=TIME),
    ),
    _event(
        "snapshot",
        thing({"settling_ms": DURATION}, users=many(ref("Record"), 500), part=COUNT, parts=COUNT),
    ),
    _event("presence", thing(users=many(ref("Record"), 500))),
    _event("typing", thing(channels=many(thing(channel=ID, typing=_TYPISTS, count=COUNT)))),
    _event(
        "channel",
        thing(
            channels=many(
                thing(
                    {"members": many(ID, 200), "joined": many(ID), "left": many(ID)}, channel=ID, count=COUNT
                )
            )
        ),
    ),
    _event("ping", thing(time=TIME)),
    _event("stale", thing(since=TIME)),
    _event("fresh", {"type": "object"}),
    _event(
        "bye",
        thing(
            reason={"enum": ["shutdown", "lifetime", "overload", "limit", "expired", "revoked"]},
            retry_ms=DURATION,
        ),
    ),
)

SCHEMAS: dict[str, Schema] = {
    "Record": thing(
        _RECORD,
        user=ID,
        status={"enum": ["online", "idle", "dnd", "invisible", "offline"]},
        version=COUNT,
    ),
    "Channel": thing(channel=ID, count=COUNT, members=many(ID, 200), typing=_TYPISTS),
    "Presence": thing(
        {"settling_ms": DURATION}, users=many(ref("Record")), channels=many(ref("Channel")), time=TIME
    ),
    "Event": {"oneOf": list(EVENTS)},
    "Problem": thing(
        {
            "errors": many(thing(field=TEXT, detail=TEXT)),
            "denied": thing({"users": many(ID), "channels": many(ID)}),
        },
        title=TEXT,
        status={"type": "integer"},
        detail=TEXT,
        code=TEXT,
    ),
}
