"""The direct way of signals: from a request that a server has whole to the answer, with no ASGI between.

Most requests are heartbeats, and ASGI's messages to and fro cost more than a heartbeat. What is checked, in
which order, and what is answered is the same as on the way through the app.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from starlette.applications import Starlette
from starlette.types import Scope

from sse_presence.http.cors import Sharing
from sse_presence.http.counted import Handler
from sse_presence.http.middleware import Rule
from sse_presence.http.problems import REFUSED, answer_to, unexpected
from sse_presence.http.reply import Reply
from sse_presence.http.whole import WholeRequest
from sse_presence.service import Service

log = logging.getLogger("sse_presence")


class Direct:
    """The handlers of one app, and what stands before them."""

    def __init__(
        self, app: Starlette, handlers: Mapping[str, Handler], rules: Sequence[Rule], shared: Sharing
    ) -> None:
        """`handlers`: path → handler of a POST."""
        self._app = app
        self._service: Service = app.state.presence
        self._rules = rules
        self._shared = shared
        self.handlers = {path.encode(): handler for path, handler in handlers.items()}
        """Path as it stands in a request → who takes a POST there."""

    async def answer(self, handler: Handler, scope: Scope, body: bytes) -> Reply:
        """The answer to one request; never raises."""
        scope["app"] = self._app
        request = WholeRequest(scope, body)
        try:
            for rule in self._rules:
                rule(scope)
            answer = await handler(request, self._service)
        except REFUSED as error:
            answer = await answer_to(request, error)
        except Exception as error:
            log.exception("A signal could not be answered")
            return await unexpected(request, error)
        answer.raw_headers += self._shared(scope)
        return answer
