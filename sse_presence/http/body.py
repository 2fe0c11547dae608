"""Bodies of requests: JSON of one known shape, read within a limit straight from the bytes.

Refused, with nothing changed: another content type (415), a body over the limit (413), what is not JSON in
UTF-8 or says one field twice (400), and what has an unknown field or a field of another type (422).
"""

from __future__ import annotations

import json
import re
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request

from sse_presence.errors import FieldError, Malformed, RequestError, TooLarge, UnsupportedType
from sse_presence.http.headers import header
from sse_presence.http.parameters import invalid
from sse_presence.http.schemas import EmptyBody
from sse_presence.http.whole import WholeRequest

T = TypeVar("T")

TYPES = frozenset({"application/json", "text/plain"})
"""Of bodies. Plain text, because a browser's beacon sends strings as that."""

_SHOWN = 200
"""Characters of a complaint that are sent back: it may quote what was sent."""


async def read_body(request: Request, limit: int) -> bytes:
    """Read a body of at most `limit` bytes; the server throws away what follows."""
    content_type = header(request.scope, b"content-type") or ""
    if content_type not in TYPES and content_type.partition(";")[0].strip().lower() not in TYPES:
        raise UnsupportedType(
            "Send JSON with `Content-Type: application/json` (or text/plain, from a beacon)."
        )
    body = request.whole if isinstance(request, WholeRequest) else await _read(request, limit)
    if len(body) > limit:
        raise TooLarge(f"The body has more than {limit} bytes.")
    return body


async def read_nothing(request: Request, limit: int) -> None:
    """Take the body of a call that has nothing to say: none, an empty one, or an empty object."""
    if header(request.scope, b"content-type") is None:
        return
    body = await read_body(request, limit)
    if body:
        decode(body, _EMPTY)


async def _read(request: Request, limit: int) -> bytes:
    """A body, or as much of one as is over the limit."""
    body = b""
    async for chunk in request.stream():
        body = body + chunk if body else chunk
        if len(body) > limit:
            break
    return body


def decode(body: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """Decode a body; raises Malformed or Invalid."""
    if not body:
        raise Malformed("The body is empty; send a JSON object.")
    try:
        value = decoder.decode(body)
        if _may_repeat(body):
            _REPEATED_NAMES.decode(body.decode())
    except msgspec.ValidationError as error:
        raise _invalid(str(error)) from None
    except UnicodeDecodeError:
        raise Malformed("The body is not UTF-8.") from None
    except msgspec.DecodeError as error:
        hint = "; a lone surrogate is no text" if b"\\ud" in body.lower() else ""
        reason = str(error).removeprefix("JSON is malformed: ")
        raise Malformed(f"The body is not JSON: {reason}{hint}.") from None
    return value


def _may_repeat(body: bytes) -> bool:
    """Whether it is worth to look closely for a field that is said twice: seldom, and cheap to tell.

    Of an object with none within: it has at least as many colons as members, and those at ends of strings
    as well.
    """
    if b"\\" in body or body.count(b"{") > 1:
        return True
    distinct = len(_OBJECT.decode(body))
    return body.count(b":") > distinct and len(_ENDS.findall(body)) > distinct


_OBJECT = msgspec.json.Decoder(dict[str, Any])
_ENDS = re.compile(rb'"\s*:')


def _refuse_repeated(members: list[tuple[str, Any]]) -> None:
    """Refuse an object that says something twice: of two readers, each would take another."""
    if len(dict(members)) < len(members):
        names = [name for name, _ in members]
        repeated = next(name for name in names if names.count(name) > 1)
        raise Malformed(
            f"The body has the field {repeated} more than once.", errors=(FieldError(repeated, "twice"),)
        )


_EMPTY = msgspec.json.Decoder(EmptyBody)

_REPEATED_NAMES = json.JSONDecoder(object_pairs_hook=_refuse_repeated, parse_int=str)

_PLACE = re.compile(r"(?P<detail>.*) - at `\$\.?(?P<field>.*)`", re.DOTALL)
_NAME = re.compile(
    r"Object (?P<detail>contains unknown field|missing required field) `(?P<field>.*)`", re.DOTALL
)
_DETAILS = {"contains unknown field": "is not a field of this call", "missing required field": "is required"}


def _invalid(complaint: str) -> RequestError:
    """What msgspec says about a field, as ours."""
    found = _PLACE.fullmatch(complaint)
    detail, field = (found["detail"], found["field"]) if found else (complaint, "")
    named = _NAME.fullmatch(detail)
    if named:
        detail, field = _DETAILS[named["detail"]], ".".join(filter(None, (field, named["field"])))
    detail = detail.replace("`", "").replace("Expected", "must be").replace("Invalid enum value", "cannot be")
    return invalid([FieldError(field[:_SHOWN] or "body", detail[:_SHOWN])])
