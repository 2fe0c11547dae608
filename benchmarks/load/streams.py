"""Reads many event streams: `python -m benchmarks.load.streams '{"port": …}'`, in a process of its own.

It parses no more than it needs, the stamps of changes, and is told what to do by lines of JSON on its
standard input, each answered by one. Latencies are kept as counts of tenths of milliseconds.
"""

from __future__ import annotations

import json
import os
import re
import select
import socket
import sys
import time
from collections import Counter, defaultdict
from typing import Any

from benchmarks.dialects import DIALECTS

AT_ONCE = 128
"""Connections that are being opened at the same time: fewer than the servers' backlogs."""

STAMP = re.compile(rb"@(\d+)@")
RECORD = re.compile(rb'"user":"user-(\d+)"[^{}]*"text":"@(\d+)@"')
ID = re.compile(rb"^id: ?(\S+)$", re.MULTILINE)

PIECE = 262_144

IP_BIND_ADDRESS_NO_PORT = 24
"""Linux' number, which `socket` lacks: ports are chosen by whom one connects to, so that there are enough."""


class Reader:
    """One stream."""

    __slots__ = ("connection", "last_id", "number", "ready", "rest")

    def __init__(self, number: int, connection: socket.socket) -> None:
        self.number = number
        self.connection = connection
        self.ready = False
        self.rest = b""
        """What came of an event that is not complete."""
        self.last_id = b""


class Readers:
    """All streams of this process."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self._spec = spec
        self._dialect = DIALECTS[spec["dialect"]]
        self._numbers = range(spec["first"], spec["first"] + spec["count"])
        self._poll = select.epoll()
        self._open: dict[int, Reader] = {}
        self._waiting: list[tuple[int, bytes]] = []
        self._opening = 0
        self._taken = memoryview(bytearray(PIECE))
        self.ready = self.lost = self.deliveries = self.bytes = 0
        self.latencies: Counter[int] = Counter()
        self.ready_at: list[float] = []
        self._sample: int = spec.get("sample", 0)
        self._last: defaultdict[int, dict[int, int]] = defaultdict(dict)
        """For each stream of the sample, what it was told last of each user."""
        self._commands = b""
        self._until: tuple[str, int, float] | None = None

    def run(self) -> None:
        """Read until standard input ends."""
        self._poll.register(sys.stdin.fileno(), select.EPOLLIN)
        self.open()
        while True:
            for descriptor, _ in self._poll.poll(0.05):
                if descriptor == sys.stdin.fileno():
                    if not self._listen():
                        return
                elif reader := self._open.get(descriptor):  # none, if it was cut just now
                    self._take(reader)
            self._connect()
            self._answer()

    def open(self, last_ids: dict[int, bytes] | None = None) -> None:
        """Open all streams."""
        self._waiting = [(number, (last_ids or {}).get(number, b"")) for number in reversed(self._numbers)]
        self._connect()

    def users(self, number: int) -> list[int]:
        """Whom a stream watches: evenly spread, so that each user has as many watchers as any other."""
        pool, watched = self._spec["pool"], self._spec["watched"]
        return [(number + place * (pool // max(1, watched))) % pool for place in range(watched)]

    def _connect(self) -> None:
        while self._waiting and self._opening < self._spec.get("at_once", AT_ONCE):
            number, last_id = self._waiting.pop()
            connection = socket.socket()
            connection.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
            connection.bind((self._spec.get("source", "127.0.0.1"), 0))
            connection.connect(("127.0.0.1", self._spec["port"]))
            target = self._dialect.watch(number, self.users(number))
            resume = b"Last-Event-ID: " + last_id + b"\r\n" if last_id else b""
            connection.send(
                b"GET %b HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n%b\r\n"
                % (target.encode(), resume)
            )
            connection.settimeout(0)
            self._open[connection.fileno()] = Reader(number, connection)
            self._poll.register(connection, select.EPOLLIN)
            self._opening += 1

    def _take(self, reader: Reader) -> None:
        try:
            size = reader.connection.recv_into(self._taken)
        except BlockingIOError:
            return
        except OSError:
            size = 0
        if not size:
            self._lose(reader)
            return
        self.bytes += size
        data = reader.rest + self._taken[:size]
        end = _whole(data) if reader.ready else len(data)
        if end < len(data):
            reader.rest, data = data[end:], data[:end]
        else:
            reader.rest = b""
        if not reader.ready:
            self._begin(reader, data)
            return
        if self._spec.get("resume") and (ids := ID.findall(data)):
            reader.last_id = ids[-1]
        if self._sample and reader.number % self._sample == 0:
            self._last[reader.number] |= {int(user): int(stamp) for user, stamp in RECORD.findall(data)}
        now = time.monotonic_ns()
        for stamp in STAMP.findall(data):
            self.deliveries += 1
            self.latencies[(now - int(stamp)) // 100_000] += 1

    def _begin(self, reader: Reader, data: bytes) -> None:
        """Note that a stream is open, once it is."""
        if not self._dialect.ready.search(data):
            reader.rest = data
            return
        if not data.startswith(b"HTTP/1.1 200"):
            raise ConnectionError(data)
        reader.ready = True
        reader.rest = b""
        if ids := ID.findall(data):
            reader.last_id = ids[-1]
        self.ready += 1
        self._opening -= 1
        self.ready_at.append(time.monotonic())

    def _lose(self, reader: Reader) -> None:
        self._poll.unregister(reader.connection)
        del self._open[reader.connection.fileno()]
        reader.connection.close()
        self.lost += 1
        if reader.ready:
            self.ready -= 1
        else:
            self._opening -= 1

    def _listen(self) -> bool:
        self._commands += (piece := os.read(sys.stdin.fileno(), 65_536))
        while b"\n" in self._commands:
            line, _, self._commands = self._commands.partition(b"\n")
            self._do(json.loads(line))
        return bool(piece)

    def _do(self, command: dict[str, Any]) -> None:
        if command["do"] == "await":
            self._until = (command["figure"], command["at_least"], time.monotonic() + command["seconds"])
        elif command["do"] == "cut":
            last_ids = {reader.number: reader.last_id for reader in self._open.values()}
            for reader in self._open.values():
                reader.connection.close()  # which takes it out of the poll, too
            self._open.clear()
            self.ready = self._opening = 0
            self.ready_at.clear()
            self.open(last_ids if command["resume"] else None)
            self._say()
        elif command["do"] == "last":
            seen = [pair for stream in self._last.values() for pair in stream.items()]
            print(json.dumps({"last": seen}), flush=True)
        else:
            self._say()
            self.deliveries = self.bytes = 0
            self.latencies.clear()

    def _answer(self) -> None:
        """Say that what is waited for has come, or that it came not."""
        if self._until is not None:
            figure, at_least, end = self._until
            if getattr(self, figure) >= at_least or time.monotonic() > end:
                self._until = None
                self._say()

    def _say(self) -> None:
        told = {
            "ready": self.ready,
            "lost": self.lost,
            "deliveries": self.deliveries,
            "bytes": self.bytes,
            "last_ready": self.ready_at[-1] if self.ready_at else 0.0,
            "latencies": list(self.latencies.items()),
        }
        print(json.dumps(told), flush=True)


def _whole(data: bytes) -> int:
    """Where the last complete event ends, whichever way lines do."""
    if data.endswith(b"\n\n"):
        return len(data)
    return max(data.rfind(b"\n\n") + 2, data.rfind(b"\n\r\n") + 3) if b"\n" in data else 0


if __name__ == "__main__":
    Readers(json.loads(sys.argv[1])).run()
