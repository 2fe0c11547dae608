"""Makes requests: `python -m benchmarks.load.calls '{"port": …}'`, in a process of its own.

Each line of JSON on its standard input is a run of one kind of requests, answered by one line when it is
over. Without a rate each connection asks again as soon as it is answered. With one, requests are due at even
intervals, wait for a free connection, and their latency counts from when they were due.
"""

from __future__ import annotations

import json
import re
import select
import socket
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

from benchmarks.dialects import DIALECTS, heartbeat, typing

LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)

MIX = ("h" * 11 + "t") * 8 + "hshs"
"""100 signals: 90 heartbeats, 8 of typing, 2 statuses."""

ROOMS = 100
"""In which they type."""


def requests(run: dict[str, Any], dialect: str) -> Iterator[bytes]:
    """Endless requests of one kind, over all users in turn."""
    users, first = run["users"], run.get("first", 0)
    speak = DIALECTS[dialect]
    beats = [heartbeat(user).encode() for user in range(users)] if run["kind"] != "change" else []
    kinds: dict[str, Callable[[int], bytes]] = {
        "h": lambda number: beats[number % users],
        "t": lambda number: typing(number % users, number // len(MIX) % ROOMS).encode(),
        "s": lambda number: speak.change(number % users, time.monotonic_ns()).encode(),
    }
    order = {"heartbeat": "h", "change": "s", "mix": MIX}[run["kind"]]
    for number in count(first):
        yield kinds[order[number % len(order)]](number)


class Caller:
    """All connections of this process."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self._dialect = spec["dialect"]
        self._poll = select.epoll()
        self._connections: dict[int, socket.socket] = {}
        for _ in range(spec["connections"]):
            connection = socket.create_connection(("127.0.0.1", spec["port"]))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._connections[connection.fileno()] = connection
            self._poll.register(connection, select.EPOLLIN)

    def run(self, run: dict[str, Any]) -> dict[str, Any]:
        """Ask for so many seconds, or so many times."""
        asked, calls = requests(run, self._dialect), run.get("calls", sys.maxsize)
        idle = deque(self._connections)
        sent: dict[int, float] = {}
        latencies: Counter[int] = Counter()
        codes: Counter[str] = Counter()
        begun = time.perf_counter()
        end, done, started = begun + run["seconds"], 0, 0
        while True:
            now = time.perf_counter()
            if (now >= end or started >= calls) and not sent:
                break
            rate = run.get("rate")
            while now < end and started < calls and idle:
                if rate and begun + started / rate > now:
                    break
                descriptor = idle.popleft()
                sent[descriptor] = begun + started / rate if rate else now
                self._connections[descriptor].send(next(asked))
                started += 1
            for descriptor, _ in self._poll.poll(0.0005 if rate else 0.05):
                answer = self._connections[descriptor].recv(65_536)
                while not _whole(answer):
                    answer += (more := self._connections[descriptor].recv(65_536))
                    if not more:
                        raise ConnectionError(answer)
                done += 1
                codes[answer[9:12].decode()] += 1
                latencies[int((time.perf_counter() - sent.pop(descriptor)) * 10_000)] += 1
                idle.append(descriptor)
        seconds = time.perf_counter() - begun
        return {"calls": done, "seconds": seconds, "codes": codes, "latencies": list(latencies.items())}


def _whole(answer: bytes) -> bool:
    head, found, body = answer.partition(b"\r\n\r\n")
    length = LENGTH.search(head)
    return bool(found) and len(body) >= (int(length[1]) if length else 0)


def main() -> None:
    """Do what each line says."""
    caller = Caller(json.loads(sys.argv[1]))
    for line in sys.stdin:
        print(json.dumps(caller.run(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
