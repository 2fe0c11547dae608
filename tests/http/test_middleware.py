"""What does not belong here is turned away before any route sees it."""

from __future__ import annotations

from starlette.types import Message, Receive, Scope, Send

from sse_presence.http.middleware import Entrance, OpenModeGuard, TargetLimit
from sse_presence.settings import Settings


async def unreachable(_: Scope, __: Receive, ___: Send) -> None:
    raise AssertionError("was let through")


async def no_message() -> Message:
    raise AssertionError("was read")


async def test_a_websocket_is_closed() -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    app = Entrance(unreachable, [TargetLimit(10), OpenModeGuard(Settings())])
    await app({"type": "websocket", "path": "/v1/events"}, no_message, send)
    assert [message["type"] for message in sent] == ["websocket.close"]


async def test_what_passes_is_handed_on_as_it_is() -> None:
    """No wrapper stands between a stream and its server."""
    given: list[object] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        given.extend((scope, receive, send))

    async def send(_: Message) -> None:
        raise AssertionError("something was sent")

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
    }
    await Entrance(app, [TargetLimit(1), OpenModeGuard(Settings())])(scope, no_message, send)
    assert [
        passed is original for passed, original in zip(given, (scope, no_message, send), strict=True)
    ] == [True] * 3
