"""`sse-presence serve` as a process: it starts with a word, and ends clean and whole."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest
import redis

from sse_presence.store.embedded import embedded
from tests.conftest import Events, Serve
from tests.running import CEILING, COMMAND, clean_environment


def refused(*arguments: str, **environ: str) -> tuple[int, str]:
    """Exit code and all output of a start that fails."""
    result = subprocess.run(
        [COMMAND, "serve", *arguments],
        env=clean_environment() | environ,
        capture_output=True,
        text=True,
        timeout=CEILING,
        check=False,
    )
    return result.returncode, result.stdout + result.stderr


def held(folder: Path) -> list[str]:
    """What embedded stores have there now."""
    return [path.name for path in folder.glob("*/*")]


def soon_ready(url: str) -> bool:
    end = time.monotonic() + CEILING
    while httpx.get(f"{url}/readyz", trust_env=False).status_code != httpx.codes.OK:
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where embedded stores make their directories; with a path short enough for a socket."""
    with tempfile.TemporaryDirectory(dir="/tmp") as path:
        monkeypatch.setenv("TMPDIR", path)
        yield Path(path)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM], ids=lambda ending: ending.name)
async def test_it_ends_clean_with_a_stream_open(
    ending: signal.Signals, serve: Serve, events: Events, folder: Path
) -> None:
    service = serve(redis_url=None, drain=0.5)
    assert held(folder) == ["valkey.sock"]
    async with events(service.url, "alice") as stream:
        await stream.next("snapshot")
        service.process.send_signal(ending)
        assert (await stream.next("bye")).data["reason"] == "shutdown"
        await stream.end()
    assert service.process.wait(CEILING) == 0
    assert not held(folder), "the embedded store is gone with us"
    assert "Traceback" not in service.log


async def test_whoever_insists_is_not_kept_waiting(serve: Serve, events: Events, folder: Path) -> None:
    """The second Ctrl-C cuts the streams that have yet to be told, and all else ends as it does."""
    service = serve(redis_url=None, drain=60)
    async with AsyncExitStack() as stack:
        for number in range(40):
            stream = await stack.enter_async_context(events(service.url, "alice", me=f"user-{number}"))
            await stream.next("snapshot")
        service.process.send_signal(signal.SIGINT)
        await asyncio.sleep(0.5)
        assert service.process.poll() is None
        assert await asyncio.to_thread(service.stop, signal.SIGINT) == 0
    assert not held(folder)
    for word in ("Traceback", "ERROR"):
        assert word not in service.log


def test_it_says_where_to_look_and_what_to_paste(serve: Serve) -> None:
    service = serve(redis_url=None)
    assert f"{service.url}/  the demo page" in service.log
    assert "open mode · embedded Valkey" in service.log
    lines = [line.strip() for line in service.log.splitlines() if line.strip().startswith("curl ")]
    assert [line.split()[1] for line in lines] == ["-N", "-H"]
    assert "\x1b" not in service.log, "no colours where no terminal is"
    assert httpx.get(f"{service.url}/healthz", trust_env=False).status_code == httpx.codes.OK


def test_with_tokens_the_lines_to_paste_mint_theirs(serve: Serve) -> None:
    service = serve(auth="jwt", jwt_secret="a secret of more than thirty-two bytes")
    assert "jwt mode · external store" in service.log
    assert "demo page" not in service.log, "it signs in by names"
    assert "$(sse-presence token alice --watch-all)" in service.log


def test_an_external_store_is_used_and_left_alone(serve: Serve, redis_url: str, folder: Path) -> None:
    service = serve()
    assert not held(folder)
    beat = httpx.post(f"{service.url}/v1/heartbeat?as=alice", json={"device": "a"}, trust_env=False)
    assert beat.status_code == httpx.codes.OK
    service.stop()
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_it_listens_where_it_is_told(host: str, serve: Serve) -> None:
    service = serve("--host", host, "--port", "0")
    assert httpx.get(f"{service.url}/readyz", trust_env=False).status_code == httpx.codes.OK


def test_a_port_in_use_is_a_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, output = refused("--port", str(port))
    assert code == 1
    assert f"Port {port} of 127.0.0.1 is in use." in output
    assert "Traceback" not in output


def test_a_store_out_of_reach_is_said_and_waited_for(serve: Serve, folder: Path) -> None:
    socket_ = folder / "valkey.sock"
    service = serve(redis_url=f"unix://{socket_}")
    assert "The store cannot be reached" in service.log
    assert httpx.get(f"{service.url}/readyz", trust_env=False).status_code == httpx.codes.SERVICE_UNAVAILABLE
    with embedded() as url:
        socket_.symlink_to(url.removeprefix("unix://"))
        assert soon_ready(service.url)


def test_a_wrong_store_url_is_a_sentence() -> None:
    code, output = refused("--port", "0", REDIS_URL="http://localhost")
    assert code == 2
    assert "REDIS_URL has the scheme 'http'" in output
    assert "Traceback" not in output


def test_open_mode_goes_beyond_this_machine_only_when_told(serve: Serve) -> None:
    code, output = refused("--host", "0.0.0.0", "--port", "0")
    assert (code, "--insecure-open" in output) == (2, True)
    service = serve("--host", "0.0.0.0", "--port", "0", "--insecure-open")
    assert httpx.get(f"{service.url}/healthz", trust_env=False).status_code == httpx.codes.OK
