"""Who is refused while it still sends its body is told so, also where the connection closes after it."""

from __future__ import annotations

import asyncio

import pytest
from starlette.types import Message, Receive, Scope, Send

from sse_presence.domain.rights import EVERYTHING
from sse_presence.http import leftover
from sse_presence.http.leftover import ReadToEnd
from sse_presence.http.mint import mint
from sse_presence.settings import Settings
from tests.conftest import Serve
from tests.http.caller import SECRET
from tests.http.wire import Wire, request

TOKEN = mint(Settings(auth="jwt", jwt_secret=SECRET), "alice", EVERYTHING)


@pytest.mark.parametrize(("version", "connection"), [("1.0", ""), ("1.0", "close"), ("1.1", "close")])
async def test_a_refusal_comes_whole_before_its_connection_closes(
    serve: Serve, version: str, connection: str
) -> None:
    url = serve(auth="jwt", jwt_secret=SECRET).url
    refusals = [("", 200_000, 401)] * 20 + [(f"Bearer {TOKEN}", 4_000_000, 413)] * 3
    for authorization, size, status in refusals:
        sent = request(
            "POST", b"/v1/interests", b" " * size, authorization=authorization, connection=connection
        )
        wire = await Wire.to(url)
        answer = await wire.answer(sent.replace(b"HTTP/1.1", f"HTTP/{version}".encode(), 1))
        assert (answer.status, answer.data["status"]) == (status, status)
        assert await wire.ended()


def scope(version: str = "1.0", **headers: str) -> Scope:
    fields = {"content-length": "9"} | headers
    raw = [(name.encode(), value.encode()) for name, value in fields.items()]
    return {"type": "http", "http_version": version, "method": "POST", "headers": raw}


class Peer:
    """Sends a body in parts, and takes an answer."""

    def __init__(self, *parts: bytes, ends: bool = True) -> None:
        self.parts = list(parts)
        self.ends = ends
        self.told: list[Message] = []

    async def receive(self) -> Message:
        if not self.parts:
            await asyncio.Event().wait()
        part = self.parts.pop(0)
        return {"type": "http.request", "body": part, "more_body": bool(self.parts) or not self.ends}

    async def send(self, message: Message) -> None:
        self.told.append(message)


def answering(status: int, *, reads: int = 0) -> ReadToEnd:
    async def app(_: Scope, receive: Receive, send: Send) -> None:
        for _number in range(reads):
            await receive()
        await send({"type": "http.response.start", "status": status, "headers": []})

    return ReadToEnd(app)


@pytest.mark.parametrize("reads", [0, 1, 2, 3])
async def test_what_is_left_is_read_before_a_refusal(reads: int) -> None:
    peer = Peer(b"one", b"two", b"three")
    await answering(401, reads=reads)(scope(), peer.receive, peer.send)
    assert peer.parts == []
    assert [message["status"] for message in peer.told] == [401]


async def test_a_body_without_end_is_read_no_longer_than_some_seconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(leftover, "READ_WITHIN", 0.05)
    peer = Peer(b"one", ends=False)
    await answering(413)(scope(), peer.receive, peer.send)
    assert [message["status"] for message in peer.told] == [413]


@pytest.mark.parametrize(
    ("status", "asked"),
    [(401, scope("1.1")), (200, scope()), (401, scope(expect="100-continue"))],
    ids=["its connection stays open", "it is no refusal", "it waits to be asked for its body"],
)
async def test_else_nothing_is_read(status: int, asked: Scope) -> None:
    peer = Peer(b"one", b"two")
    await answering(status)(asked, peer.receive, peer.send)
    assert peer.parts == [b"one", b"two"]
    assert [message["status"] for message in peer.told] == [status]


async def test_a_peer_that_is_gone_is_not_waited_for() -> None:
    peer = Peer()

    async def gone() -> Message:
        return {"type": "http.disconnect"}

    await answering(401)(scope(), gone, peer.send)
    assert [message["status"] for message in peer.told] == [401]
