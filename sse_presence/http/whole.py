"""A request whose body came with it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.types import Scope


class WholeRequest(Request):
    """Nothing of it is still to be received."""

    def __init__(self, scope: Scope, body: bytes) -> None:
        super().__init__(scope)
        self._body = self.whole = body
