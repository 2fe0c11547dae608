"""Headers of a request, looked up where they came: most requests are asked for two or three of them."""

from __future__ import annotations

from starlette.types import Scope


def header(scope: Scope, name: bytes) -> str | None:
    """The first header of a name, in lower case; None if there is none."""
    for given, value in scope["headers"]:
        if given == name:
            return str(value, "latin-1")
    return None
