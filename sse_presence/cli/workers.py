"""Several worker processes on one port, each the plain single-process service with a socket of its own.

Every worker listens with `SO_REUSEPORT`, so that the kernel spreads connections evenly: long-lived streams
on one shared socket pile up on whoever wakes first. A worker that dies is replaced; one that cannot start
ends them all, with its exit code. Workers hold the read end of a pipe whose other end is the supervisor,
and drain when it closes, so none outlives a supervisor that was killed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence

WORKER = "SSE_PRESENCE_IS_WORKER"
"""Environment variable by which a process knows that it is a worker."""

_LOOK = 0.2
"""Seconds between two looks at the workers."""


class Worker:
    """One process; ready once it has printed a line."""

    def __init__(self, command: Sequence[str], environ: Mapping[str, str]) -> None:
        self.process = subprocess.Popen(  # noqa: S603 - our own command
            command,
            env=dict(environ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C reaches the supervisor alone, which asks all to end
        )
        self.ready = False
        self._listening = threading.Thread(target=self._await_ready, daemon=True)
        self._listening.start()

    def _await_ready(self) -> None:
        assert self.process.stdout is not None  # noqa: S101 - it is a pipe
        self.ready = bool(self.process.stdout.readline())

    def close(self) -> int:
        """Wait for its end and give its pipes back; its exit code."""
        code = self.process.wait()
        self._listening.join()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
        return code


def supervise(
    count: int, command: Sequence[str], environ: Mapping[str, str], ready: Callable[[], None]
) -> int:
    """Keep `count` workers running until SIGTERM or SIGINT; the exit code."""
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    environ = {**environ, WORKER: "1"}
    workers = [Worker(command, environ) for _ in range(count)]
    said, code = False, 0
    try:
        while not ending.wait(_LOOK) and not code:
            if not said and all(worker.ready for worker in workers):
                said = True
                ready()
            for place, worker in enumerate(workers):
                if worker.process.poll() is None:
                    continue
                if not worker.ready:
                    code = worker.close() or 1
                    break
                worker.close()
                workers[place] = Worker(command, environ)
    finally:
        for worker in workers:
            worker.process.send_signal(signal.SIGTERM)
        for worker in workers:
            worker.close()
    return code


def serve_command(host: str, port: int, options: Sequence[str]) -> list[str]:
    """The command of one worker."""
    return [sys.executable, "-m", "sse_presence", "serve", "--host", host, "--port", str(port), *options]


def end_with_supervisor() -> None:
    """In a worker: be asked to stop when the supervisor is gone, however it went."""

    def watch() -> None:
        while os.read(sys.stdin.fileno(), 4096):  # `sys.stdin`, if read meanwhile, aborts an orderly end
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()
