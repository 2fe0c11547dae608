"""The embedded store: private, and gone when its owner is, however that ended."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import redis

from sse_presence.errors import SettingsError
from sse_presence.store import embedded as module
from sse_presence.store.embedded import embedded

OWNER = """
import sys, time
from sse_presence.store.embedded import embedded
with embedded() as url:
    print(url, flush=True)
    time.sleep(600)
"""


def _directory(url: str) -> Path:
    return Path(url.removeprefix("unix://")).parent


def _server(url: str) -> int:
    """The process id of the server at a URL."""
    with redis.Redis.from_url(url) as client:
        return int(client.info("server")["process_id"])


def _soon(holds: Callable[[], bool], seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_only_we_can_reach_it_and_nothing_is_kept() -> None:
    with embedded() as url, redis.Redis.from_url(url, decode_responses=True) as client:
        directory = _directory(url)
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
        settings = client.config_get("*")
        assert settings["port"] == "0"
        assert (settings["save"], settings["appendonly"]) == ("", "no")
        assert settings["maxmemory-policy"] == "noeviction"
    assert not directory.exists()


def test_two_at_once_know_nothing_of_each_other() -> None:
    with embedded() as one, embedded() as other:
        assert one != other
        with redis.Redis.from_url(one) as first, redis.Redis.from_url(other) as second:
            first.set("key", "value")
            assert second.get("key") is None


def test_the_block_ends_in_an_error() -> None:
    urls = []

    def fail() -> None:
        with embedded() as url:
            urls.append(url)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not _directory(urls[0]).exists()


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda end: end.name)
def test_it_is_gone_when_its_owner_dies(ending: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OWNER], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as owner:
        assert owner.stdout is not None
        url = owner.stdout.readline().strip()
        server = _server(url)
        owner.send_signal(ending)
        owner.wait(20)
    assert _soon(lambda: not _alive(server)), "the server outlived its owner"
    assert _soon(lambda: not _directory(url).exists()), "the directory was left behind"


def test_ctrl_c_in_a_terminal_reaches_the_owner_only() -> None:
    with embedded() as url:
        assert os.getpgid(_server(url)) != os.getpgid(os.getpid())


def test_a_frozen_server_ends_too() -> None:
    with embedded() as url:
        server = _server(url)
        os.kill(server, signal.SIGSTOP)
    assert _soon(lambda: not _alive(server))


def test_a_dead_server_leaves_nothing_either() -> None:
    with embedded() as url:
        os.kill(_server(url), signal.SIGKILL)
        assert _soon(lambda: not _directory(url).exists())


def test_a_platform_without_the_wheel_is_told_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_spec", lambda _name: None)
    with pytest.raises(SettingsError, match="Set REDIS_URL"), embedded():
        pass


@pytest.mark.parametrize("content", ["#!/bin/sh\necho no such library >&2; exit 127\n", "not a program"])
def test_a_server_that_cannot_run_says_why(
    content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "valkey-server"
    broken.write_text(content)
    broken.chmod(0o700)
    monkeypatch.setattr(module, "binary", lambda: broken)
    with (
        pytest.raises(SettingsError, match=r"did not start: .*(no such library|not found)") as raised,
        embedded(),
    ):
        pass
    assert "Set REDIS_URL" in str(raised.value)


def test_a_long_temporary_path_is_no_obstacle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = tmp_path / ("a" * 120)
    long.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(long))
    with embedded() as url:
        assert _server(url)
