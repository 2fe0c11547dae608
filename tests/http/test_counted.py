"""A signal is counted as it was answered, whoever refused it."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from typing import cast

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from sse_presence.errors import StoreUnavailable, Unauthenticated
from sse_presence.http.counted import counted
from sse_presence.http.problems import REFUSED, answer_to
from sse_presence.http.reply import Reply
from sse_presence.service import Service

REQUEST = Request({"type": "http", "method": "POST", "path": "/v1/leave", "headers": []})


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Unauthenticated("Who?"), 401),
        (StoreUnavailable("gone"), 503),
        (HTTPException(418), 418),
        (ClientDisconnect(), 400),
        (RuntimeError("a fault of ours"), 500),
    ],
)
async def test_what_is_raised_is_counted_as_it_is_answered(error: Exception, code: int) -> None:
    async def leave(_: Request, __: Service) -> Reply:
        raise error

    service = SimpleNamespace(signals=Counter[tuple[str, str]]())
    with pytest.raises(type(error)):
        await counted("leave", leave)(REQUEST, cast("Service", service))
    assert service.signals == {("leave", str(code)): 1}
    if isinstance(error, REFUSED):
        assert (await answer_to(REQUEST, error)).status_code == code
