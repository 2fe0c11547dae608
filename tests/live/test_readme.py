"""The tour in README.md, executed as written: every command, in order, and every line that it shows.

In a `console` block a line after `$ ` is a command; the lines beneath are what it prints, in this order,
where `…` stands for anything. A stream (`curl -N`) goes on while other commands run, and a block without a
command shows what it printed next. A new stream takes the place of the last.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from sse_presence.settings import Settings, variable
from tests.conftest import Serve
from tests.running import CEILING, COMMAND, clean_environment

README = Path(__file__).parents[2] / "README.md"


class Terminal:
    """Where commands of the tour run: the address of the README is the service under test."""

    def __init__(self, folder: Path, port: str) -> None:
        folder.joinpath(".curlrc").write_text(
            f'connect-to = "127.0.0.1:8000:127.0.0.1:{port}"\nnoproxy = "*"\nno-progress-meter\n'
        )
        path = f"{COMMAND.parent}{os.pathsep}{os.environ['PATH']}"
        self._environ = clean_environment() | {"CURL_HOME": str(folder), "PATH": path}
        self._folder = folder
        self._stream: subprocess.Popen[bytes] | None = None
        self._printed = folder / "stream.txt"
        self._seen = 0

    def run(self, command: str) -> list[str]:
        """Run one command to its end and return its lines, or leave a stream running and return none."""
        if command.startswith("curl -N"):
            self.close()
            self._seen = 0
            with self._printed.open("wb") as output:
                self._stream = self._start(command, output)
            return []
        variable = re.match(r"([A-Z]+)=", command)
        if variable:  # it is set once: to run its command again later would give another value
            command += f'\nprintf %s "${variable[1]}"'
        with self._start(command, subprocess.PIPE) as process:
            printed, _ = process.communicate(timeout=CEILING)
        assert process.returncode == 0, command
        if variable:
            self._environ[variable[1]] = printed.decode()
            return []
        return printed.decode().splitlines()

    def stream_shows(self, expected: list[str]) -> None:
        """Wait until the stream has printed these lines, after those it has shown before."""
        end = time.monotonic() + 2 * CEILING
        for line in expected:
            while True:
                printed = self._printed.read_text().splitlines()
                found = (i for i in range(self._seen, len(printed)) if _like(line, printed[i]))
                if (index := next(found, None)) is not None:
                    self._seen = index + 1
                    break
                assert time.monotonic() < end, f"no line {line!r} after {self._seen} in:\n" + "\n".join(
                    printed
                )
                time.sleep(0.05)

    def close(self) -> None:
        """End the stream as Ctrl-C would."""
        if self._stream is not None:
            os.killpg(self._stream.pid, signal.SIGINT)
            self._stream.wait()
            self._stream = None

    def _start(self, command: str, output: int | IO[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            ["bash", "-euc", command],
            stdout=output,
            cwd=self._folder,
            env=self._environ,
            start_new_session=True,
        )


def _like(pattern: str, line: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("…"))), line) is not None


def _steps() -> Iterator[tuple[str, list[str]]]:
    """The commands of the tour with the lines expected of each; no command: lines of the open stream."""
    for block in re.findall(r"^```console\n(.*?)^```$", README.read_text(), re.DOTALL | re.MULTILINE):
        for step in re.split(r"^(?=\$ )", block.replace("\\\n", ""), flags=re.MULTILINE):
            lines = [line for line in step.splitlines() if line.strip()]
            if lines and lines[0].startswith("$ "):
                yield lines[0].removeprefix("$ "), lines[1:]
            elif lines:
                yield "", lines


@pytest.mark.curl
def test_the_tour(serve: Serve, tmp_path: Path) -> None:
    steps = list(_steps())
    assert len(steps) > 8, "the tour is not found"
    terminal = Terminal(tmp_path, serve(redis_url=None).url.rpartition(":")[2])
    try:
        for command, expected in steps:
            printed = terminal.run(command) if command else []
            if not command or command.startswith("curl -N"):
                terminal.stream_shows(expected)
            else:
                assert len(printed) == len(expected), (command, printed)
                assert all(map(_like, expected, printed)), (command, printed)
    finally:
        terminal.close()


def test_every_setting_that_it_names_exists() -> None:
    known = {variable(name) for name in Settings.__struct_fields__}
    assert set(re.findall(r"SSE_PRESENCE_[A-Z_]+", README.read_text())) <= known


def test_every_file_that_it_links_to_exists() -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", README.read_text())
    assert links
    assert not [link for link in links if not (README.parent / link).exists()]
