"""Every route, by `curl` as a user would type it, on a service with its own store."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.routing import Route

from sse_presence.http.routes import routes
from tests.conftest import Serve
from tests.running import CEILING

pytestmark = pytest.mark.curl

CURL = ("curl", "--silent", "--show-error", "--noproxy", "*", "--max-time", str(CEILING))

ALICE = ("-H", "X-Presence-User: alice")

CALLS: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "/healthz": ((), {"status": "ok"}),
    "/readyz": ((), {"status": "ok"}),
    "/openapi.json": ((), {"openapi": "3.1.0", "servers": [{"url": "/"}]}),
    "/v1/heartbeat": ((*ALICE, "--json", '{"device":"d"}'), {"status": "online", "heartbeat_ms": 15_000}),
    "/v1/status": (
        ("--json", '{"status":"dnd","text":"in a meeting"}', *ALICE),
        {"user": "alice", "status": "dnd", "text": "in a meeting"},
    ),
    "/v1/typing": (
        (*ALICE, "-H", "Content-Type: text/plain", "-d", '{"device":"d","channel":"room","typing":true}'),
        {"expires_in": 6000, "refresh_ms": 3000},
    ),
    "/v1/presence": (
        ("--get", "-d", "as=bob", "--data-urlencode", "user=alice"),
        {"users": [{"user": "alice", "status": "dnd", "text": "in a meeting"}]},
    ),
    "/v1/poll": (
        ("--get", "-d", "as=bob", "--data-urlencode", "user=alice"),
        {"events": [{"event": "snapshot", "data": {"users": [{"user": "alice", "status": "dnd"}]}}]},
    ),
    "/v1/tickets": ((*ALICE, "-X", "POST"), {"expires_in": 30_000}),
    "/v1/channels/{channel:path}": (
        ("-H", "X-Presence-User: bob"),
        {"typing": [{"user": "alice"}], "count": 0},
    ),
    "/v1/interests": ((*ALICE, "--json", '{"users":["bob"]}'), {}),
    "/v1/interests/{interest}": (
        (*ALICE, "-X", "PATCH", "--json", '{"add":{"users":["carol"]},"remove":{"users":["bob"]}}'),
        {"users": 1, "channels": 0, "members": 0},
    ),
    "/v1/leave": ((*ALICE, "--json", '{"device":"d"}'), {}),
    "/v1/users/{user:path}/disconnect": (("-H", "X-Presence-User: root", "-X", "POST"), {}),
}
"""Path → what curl is told, and what must be in the answer; in an order that a user could follow."""


def curl(*arguments: str) -> str:
    """What one command prints."""
    return subprocess.run(
        [*CURL, *arguments], capture_output=True, check=True, timeout=2 * CEILING
    ).stdout.decode()


def within(part: Any, whole: Any) -> bool:
    """Whether all of this is in that, which may say more."""
    if isinstance(part, dict):
        return all(name in whole and within(value, whole[name]) for name, value in part.items())
    if isinstance(part, list):
        return len(part) == len(whole) and all(map(within, part, whole))
    return bool(part == whole)


def test_every_route_is_driven() -> None:
    paths = {route.path for route in routes() if isinstance(route, Route)}
    assert paths == CALLS.keys() | {"/v1/events", "/metrics"}


def test_every_call(serve: Serve) -> None:
    url = serve(redis_url=None).url
    names = {"channel:path": "room", "user:path": "alice"}
    for path, (arguments, expected) in CALLS.items():
        place = re.sub("{(.+)}", lambda name: names[name[1]], path)
        printed, _, code = curl(*arguments, "-w", "\n%{http_code}", url + place).rpartition("\n")
        assert code in {"200", "201"}, (path, printed)
        answer = json.loads(printed)
        assert within(expected, answer), (path, printed)
        names["interest"] = answer.get("interest", "")
    posted = curl("--json", '{"users":["alice","bob"]}', f"{url}/v1/presence?as=carol")
    assert [record["user"] for record in json.loads(posted)["users"]] == ["alice", "bob"]
    assert 'sse_presence_signals_total{code="200",kind="leave"' in curl(f"{url}/metrics")
    assert "<html" in curl(f"{url}/").lower()


def test_every_refusal_says_what_to_do(serve: Serve) -> None:
    url = serve(redis_url=None).url
    for code, *arguments in (
        ("401", "--json", '{"device":"d"}', f"{url}/v1/heartbeat"),
        ("401", "--max-time", "5", f"{url}/v1/events?user=alice"),
        ("422", *ALICE, "--json", '{"device":""}', f"{url}/v1/heartbeat"),
        ("400", *ALICE, "-d", "not json", f"{url}/v1/heartbeat", "-H", "Content-Type: text/plain"),
        ("405", *ALICE, f"{url}/v1/heartbeat"),
    ):
        printed = curl("-w", "\n%{http_code} %{content_type}", *arguments)
        problem, _, last = printed.rpartition("\n")
        assert last == f"{code} application/problem+json", printed
        assert {"title", "status", "detail", "code"} <= json.loads(problem).keys()


@contextmanager
def following(output: Path, url: str, *arguments: str) -> Iterator[None]:
    """`curl -N` into a file, until the block ends."""
    with (
        output.open("wb") as file,
        subprocess.Popen([*CURL, "-N", *arguments, url], stdout=file) as process,
    ):
        try:
            yield
        finally:
            process.terminate()


def shows(output: Path, *patterns: str) -> str:
    """Wait for these one after another, and return all that was printed."""
    end = time.monotonic() + CEILING
    while not re.search(".*".join(patterns), printed := output.read_text(), re.DOTALL):
        assert time.monotonic() < end, f"no {patterns} in:\n{printed}"
        time.sleep(0.02)
    return printed


def test_a_stream_is_followed_and_resumed(serve: Serve, tmp_path: Path) -> None:
    """`curl -N` shows each event as it happens; the last id, sent back, brings what was missed."""
    node = serve(sweep=0.2)
    watch = f"{node.url}/v1/events?as=bob&user=alice&channel=room"
    first, second, closed = (tmp_path / name for name in ("first", "second", "closed"))
    with following(first, watch):
        shows(first, "retry: ", "event: hello\n", "event: snapshot\n", "event: typing\n")
        curl(*ALICE, "--json", '{"device":"d"}', f"{node.url}/v1/heartbeat")
        shows(first, "event: presence\n", '"status":"online"')
        curl(*ALICE, "--json", '{"device":"d","channel":"room","typing":true}', f"{node.url}/v1/typing")
        printed = shows(first, '"online"', "event: typing\n", '"user":"alice","expires_in"')
    last = re.findall(r"^id: (\S+)$", printed, re.MULTILINE)[-1]
    curl(*ALICE, "--json", '{"status":"dnd"}', f"{node.url}/v1/status")
    with following(second, watch, "-H", f"Last-Event-ID: {last}"):
        printed = shows(second, '"resumed":true', "event: presence\n", '"status":"dnd"')
        assert "event: snapshot" not in printed
    with following(closed, watch, "-H", "Accept: text/event-stream", "--compressed"):
        shows(closed, "event: snapshot\n")
        node.stop()
        assert shows(closed, r"event: bye\n", '"reason":"shutdown"', r"\n\n$")


def test_the_headers_of_a_stream(serve: Serve) -> None:
    url = serve(redis_url=None).url
    printed = curl("--head", "--compressed", f"{url}/v1/events?as=bob&user=alice").lower()
    assert printed.startswith("http/1.1 200 ")
    assert "\ncontent-type: text/event-stream; charset=utf-8\r\n" in printed
    assert "content-encoding" not in printed
