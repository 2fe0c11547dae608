"""`sse-presence watch` against a real service: what it shows, through a restart, until Ctrl-C."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from sse_presence.cli import main
from tests.conftest import Serve
from tests.running import CEILING, COMMAND, clean_environment


class Watching:
    """A running `sse-presence watch`."""

    def __init__(self, log: Path, *arguments: str) -> None:
        self._log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [COMMAND, "watch", *arguments], env=clean_environment(), stdout=output, stderr=output
            )

    @property
    def log(self) -> str:
        return self._log.read_text()

    def shows(self, *words: str) -> bool:
        """Whether a line with all these words comes in time."""
        end = time.monotonic() + CEILING
        while time.monotonic() < end:
            if any(all(word in line for word in words) for line in self.log.splitlines()):
                return True
            time.sleep(0.02)
        raise AssertionError(f"no line with {words} in:\n{self.log}")


Watch = Callable[..., Watching]


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    """Start watching; what a test started ends with it."""
    started: list[Watching] = []

    def start(*arguments: str) -> Watching:
        started.append(Watching(tmp_path / "watch.log", *arguments))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.send_signal(signal.SIGINT)
            assert one.process.wait(CEILING) == 0


def post(url: str, call: str, user: str, **body: object) -> None:
    answer = httpx.post(f"{url}/v1/{call}", params={"as": user}, json=body, trust_env=False)
    assert answer.status_code == httpx.codes.OK, answer.text


def test_it_shows_who_comes_types_and_goes(serve: Serve, watch: Watch) -> None:
    url = serve(grace=0.2).url
    watching = watch("--user", "alice", "--user", "bob", "--channel", "general", "--url", url)
    assert watching.shows("alice", "offline", "never seen")
    post(url, "heartbeat", "alice", device="a", kind="mobile", activity="in_call")
    assert watching.shows("alice", "online", "mobile · in_call")
    post(url, "typing", "alice", device="a", channel="general", typing=True)
    assert watching.shows("#general", "alice is typing")
    post(url, "status", "alice", status="dnd", text="lunch\x1b[2J")
    assert watching.shows("alice", "dnd", "lunch?[2J")
    post(url, "leave", "alice", device="a")
    assert watching.shows("alice", "offline", "last seen about")
    watching.process.send_signal(signal.SIGINT)
    assert watching.process.wait(CEILING) == 0
    assert "Traceback" not in watching.log
    assert "Aborted" not in watching.log


def test_it_goes_on_after_a_restart(serve: Serve, watch: Watch) -> None:
    first = serve(drain=0.2)
    watching = watch("--user", "alice", "--url", first.url)
    assert watching.shows("alice", "offline")
    first.stop()
    assert watching.shows("shutdown")
    port = first.url.rpartition(":")[2]
    second = serve("--port", port)
    post(second.url, "heartbeat", "alice", device="a")
    assert watching.shows("alice", "online")
    assert watching.log.count("never seen") == 1, "what did not change is not shown again"


def test_json_is_one_event_a_line(serve: Serve, watch: Watch) -> None:
    url = serve().url
    watching = watch("--user", "alice", "--url", url, "--json")
    assert watching.shows("snapshot")
    post(url, "status", "alice", status="dnd", text="\x9b2J")
    post(url, "heartbeat", "alice", device="a")
    assert watching.shows("presence", "dnd")
    events = [json.loads(line) for line in watching.log.splitlines()]
    assert [event["event"] for event in events[:3]] == ["hello", "snapshot", "presence"]
    assert events[-1]["data"]["users"][0]["user"] == "alice"
    assert watching.log.isascii()


def watched(url: str) -> subprocess.CompletedProcess[str]:
    """What came of watching, which has to end by itself."""
    return subprocess.run(
        [COMMAND, "watch", "--user", "alice", "--url", url],
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=CEILING,
        check=False,
    )


def test_a_refusal_ends_it_with_the_services_own_sentence(serve: Serve) -> None:
    secret = "a secret of more than thirty-two bytes"
    url = serve(auth="jwt", jwt_secret=secret).url
    result = watched(url)
    assert result.returncode == 1
    assert "The service refused (401)" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("ftp://127.0.0.1", "must begin with http:// or https://"),
        ("http://127.0.0.1:port", "is no URL"),
    ],
)
def test_a_wrong_url_is_a_sentence(url: str, sentence: str) -> None:
    result = watched(url)
    assert (result.returncode, sentence in result.stderr) == (1, True), result.stderr


def test_what_comes_instead_of_a_stream_is_tried_again_or_said() -> None:
    """A proxy's 502, then a stream with all that may happen to it, then some other service."""
    stream = b"".join(
        b"event: %b\ndata: %b\n\n" % event
        for event in [
            (b"hello", b"{}"),
            (b"stale", b'{"since": 1}'),
            (b"fresh", b"{}"),
            (b"event-to-come", b"{}"),
            (b"bye", b'{"reason": "lifetime", "retry_ms": 1}'),
        ]
    )
    answers = [(502, "text/html", b""), (200, "text/event-stream", stream), (200, "text/html", b"<p>hello")]

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, kind, body = answers.pop(0)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Answers) as server, ThreadPoolExecutor() as threads:
        threads.submit(server.serve_forever)
        url = f"http://127.0.0.1:{server.server_port}"
        result = CliRunner().invoke(main, ["watch", "--user", "alice", "--url", url])
        server.shutdown()
    says = ["status 502", "connected", "has lost its store", "is back", "closed the stream (lifetime)"]
    assert [word for word in says if word not in result.output] == []
    assert "answers, but not with a stream" in result.output
    assert result.exit_code == 1


def test_a_service_that_is_not_there_is_waited_for(watch: Watch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    watching = watch("--user", "alice", "--url", f"http://127.0.0.1:{port}")
    assert watching.shows("No connection to", "trying again")
