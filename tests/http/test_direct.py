"""Whichever way a signal takes, the answer is the same: past ASGI where it comes whole, through it else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sse_presence.domain.rights import Rights
from sse_presence.http.mint import mint
from sse_presence.settings import Settings
from tests.conftest import Serve
from tests.http.wire import Answer, Wire, request, send

APP = "https://app.example"
BEAT = b'{"device":"d"}'

Asked = tuple[bytes, bytes, dict[str, str | bytes]]
"""Target, body, headers."""

REQUESTS: dict[str, Asked] = {
    "a heartbeat": (b"/v1/heartbeat", BEAT, {}),
    "a status": (b"/v1/status", b'{"status":"dnd","text":"deep in it"}', {}),
    "typing": (b"/v1/typing", b'{"device":"d","channel":"room","typing":true}', {}),
    "a leave": (b"/v1/leave", b'{"device":"e"}', {}),
    "an outdated one": (b"/v1/leave", b'{"device":"d","seq":1}', {}),
    "named in the query": (b"/v1/heartbeat?as=bob%20b", BEAT, {"x_presence_user": ""}),
    "from a listed page": (b"/v1/heartbeat", BEAT, {"origin": APP}),
    "from nobody": (b"/v1/heartbeat", BEAT, {"x_presence_user": ""}),
    "from somebody else": (b"/v1/heartbeat?user=bob", BEAT, {}),
    "of a strange parameter": (b"/v1/heartbeat?x=1", BEAT, {}),
    "of a broken query": (b"/v1/heartbeat?as=%zz", BEAT, {"x_presence_user": ""}),
    "of a long target": (b"/v1/heartbeat?as=" + b"a" * 17_000, BEAT, {}),
    "to another host": (b"/v1/heartbeat", BEAT, {"host": "evil.example"}),
    "from another page": (b"/v1/heartbeat", BEAT, {"origin": "https://evil.example"}),
    "through a proxy": (b"/v1/heartbeat", BEAT, {"via": "1.1 proxy"}),
    "of another type": (b"/v1/heartbeat", BEAT, {"content_type": "text/html"}),
    "of a beacon": (b"/v1/heartbeat", BEAT, {"content_type": "text/plain;charset=UTF-8"}),
    "too large": (b"/v1/heartbeat", b'{"device":"' + b"d" * 1_100 + b'"}', {}),
    "empty": (b"/v1/heartbeat", b"", {}),
    "not JSON": (b"/v1/heartbeat", b"device=d", {}),
    "twice the same": (b"/v1/heartbeat", b'{"device":"d","device":"e"}', {}),
    "of a strange field": (b"/v1/heartbeat", b'{"device":"d","x":1}', {}),
    "of a strange device": (b"/v1/heartbeat", b'{"device":""}', {}),
}


SECRET = "a secret of at least thirty-two bytes, for tests"
BEARER = "Bearer " + mint(Settings(auth="jwt", jwt_secret=SECRET), "alice", Rights(channels=frozenset({"a"})))
COOKIE = BEARER.replace("Bearer ", "presence_token=")

WITH_TOKENS: dict[str, Asked] = {
    "with a token": (b"/v1/heartbeat", b'{"device":"d","channels":["a","b"]}', {"authorization": BEARER}),
    "without": (b"/v1/heartbeat", BEAT, {}),
    "with a bad one": (b"/v1/heartbeat", BEAT, {"authorization": BEARER + "x"}),
    "for somebody else": (b"/v1/leave", b'{"device":"d","user":"bob"}', {"authorization": BEARER}),
    "in a channel": (
        b"/v1/typing",
        b'{"device":"d","channel":"b","typing":true}',
        {"authorization": BEARER},
    ),
    "with a cookie": (b"/v1/heartbeat", BEAT, {"cookie": COOKIE, "origin": APP}),
    "with a cookie, from another page": (
        b"/v1/heartbeat",
        BEAT,
        {"cookie": COOKIE, "origin": "https://evil.example"},
    ),
}


async def test_both_ways_give_the_same_answer(serve: Serve) -> None:
    url = serve(origins=APP, max_body="1024").url
    await send(url, "POST", b"/v1/heartbeat", b'{"device":"d","seq":5}')
    await _compare(url, REQUESTS)


async def test_both_ways_know_the_same_callers(serve: Serve) -> None:
    await _compare(serve(origins=APP, auth="jwt", jwt_secret=SECRET).url, WITH_TOKENS)


async def _compare(url: str, requests: Mapping[str, Asked]) -> None:
    whole, parted = await Wire.to(url), await Wire.to(url)
    for name, (target, body, headers) in requests.items():
        sent = request("POST", target, body, **headers)
        assert _told(await whole.answer(sent)) == _told(await _through(parted, sent, body)), name
    await whole.close()
    await parted.close()


async def _through(wire: Wire, sent: bytes, body: bytes) -> Answer:
    """The answer to a request whose body comes only when it is asked for, or is not wanted any more."""
    head = sent.removesuffix(body).removesuffix(b"\r\n") + b"expect: 100-continue\r\n\r\n"
    answer = await wire.answer(head)
    if answer.status == 100:
        return await wire.answer(body)
    wire.write(body)
    return answer


def _told(answer: Answer) -> tuple[int, dict[str, str], Any]:
    told = {name: value for name, value in answer.data.items() if name not in {"time", "version"}}
    headers = {name: value for name, value in answer.headers.items() if name != "date"}
    return answer.status, headers, told
