"""Query parameters, taken strictly: what cannot be read or is not known is refused by its name.

Ids are data, so `,` and `:` separate nothing here; several values are several parameters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from starlette.requests import Request

from sse_presence.domain.identifier import flaw, plain
from sse_presence.domain.rights import Identity
from sse_presence.errors import FieldError, Invalid, Malformed
from sse_presence.http.headers import header

_BROKEN_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_CURSOR = b"last_event_id"
_SHOWN = 64
"""Characters of a strange name that are repeated to its sender."""


class Parameters(dict[str, list[str]]):
    """The values of each parameter, in the order of the query."""

    def many(self, name: str) -> list[str]:
        """All values of a parameter that may be repeated."""
        return self.get(name, [])

    def one(self, name: str) -> str | None:
        """The value of a parameter that may be given once; raises Invalid if it is given more often."""
        values = self.many(name)
        if len(values) > 1:
            raise invalid((FieldError(name, f"may be given once, and is given {len(values)} times"),))
        return values[0] if values else None

    def ids(self, name: str) -> list[str]:
        """Ids of a parameter that may be repeated, duplicates once; raises Invalid."""
        return distinct_ids(name, self.many(name))


def invalid(errors: Sequence[FieldError]) -> Invalid:
    """The refusal of some fields; its detail is readable without looking at them."""
    return Invalid("; ".join(f"{error.field} {error.detail}" for error in errors) + ".", errors=tuple(errors))


def distinct_ids(field: str, ids: Sequence[str]) -> list[str]:
    """Ids in their order, duplicates once; raises Invalid naming those that are none."""
    if not plain(ids):
        errors = [
            FieldError(f"{field}[{index}]", reason)
            for index, reason in enumerate(map(flaw, ids))
            if reason is not None
        ]
        if errors:
            raise invalid(errors[:10])
    return list(dict.fromkeys(ids))


@lru_cache(maxsize=1)  # one request asks up to three times
def read_query(query: bytes) -> Parameters:
    """Read a query string, not to be changed; raises Malformed where its escapes or its UTF-8 are broken."""
    if query.isascii() and b"%" not in query and b"+" not in query:
        return _read_plain(query.decode())
    parameters = Parameters()
    for name, value in _pairs(query):
        parameters.setdefault(name, []).append(value)
    return parameters


def _read_plain(query: str) -> Parameters:
    """Read one without escapes, as most are: long lists are read with every reconnection."""
    parameters = Parameters()
    last, values = None, list[str]()
    for pair in filter(None, query.split("&")):
        name, _, value = pair.partition("=")
        if name != last:
            last, values = name, parameters.setdefault(name, [])
        values.append(value)
    return parameters


def _pairs(query: bytes) -> Iterator[tuple[str, str]]:
    for pair in filter(None, query.split(b"&")):
        name, _, value = pair.partition(b"=")
        read = _cursor if name == _CURSOR else _text
        yield _text(name, name), read(value, name)


def parameters(request: Request, caller: Identity, *known: str) -> Parameters:
    """Read the query of a request; raises Malformed, or Invalid for a parameter that is not known here."""
    if not request.scope["query_string"]:
        return Parameters()
    given = read_query(request.scope["query_string"])
    unknown = [name for name in given if name not in known and name not in caller.parameters]
    if unknown:
        raise invalid([FieldError(name[:_SHOWN], "is not a parameter of this call") for name in unknown[:10]])
    return given


def path_parameter(request: Request, name: str) -> str:
    """A part of the path that may have any character in it; raises Malformed.

    Servers decode paths without complaint, so whether there was anything to complain about is looked up here.
    """
    _decoded(request.scope.get("raw_path") or b"", "The path")
    return str(request.path_params[name])


def last_event_id(request: Request, given: Parameters) -> str:
    """Where to go on: the header counts before the parameter. Empty for the beginning."""
    return header(request.scope, b"last-event-id") or given.one(_CURSOR.decode()) or ""


def _cursor(raw: bytes, _: bytes) -> str:
    """Where to resume: what cannot be read is no error, but no place to resume from either."""
    return unquote_to_bytes(raw).decode(errors="replace")


def _text(raw: bytes, name: bytes) -> str:
    return _decoded(raw.replace(b"+", b" "), f"The query parameter {name[:_SHOWN].decode(errors='replace')}")


def _decoded(raw: bytes, what: str) -> str:
    if _BROKEN_ESCAPE.search(raw):
        raise Malformed(f"{what} has a % that two hexadecimal digits do not follow.")
    try:
        return unquote_to_bytes(raw).decode()
    except UnicodeDecodeError:
        raise Malformed(f"{what} is not UTF-8.") from None
