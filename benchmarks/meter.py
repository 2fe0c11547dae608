"""CPU that a piece of work took: of the server, of its store, and of those who load them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks.subject import Subject


@dataclass
class Used:
    """Seconds; complete when the block has ended."""

    server: float = 0.0
    store: float = 0.0
    load: float = 0.0
    """The busiest of the processes that make or read the load."""
    wall: float = 0.0

    @property
    def load_percent(self) -> float:
        """How busy it was: below 100 it did not hold the server up."""
        return self.load / self.wall * 100


LOAD = "busiest load process, % of a core"
"""The name of that figure."""


@contextmanager
def metered(subject: Subject, *loads: Callable[[], float]) -> Iterator[Used]:
    """Take the time that the block takes."""
    used = Used()
    server, store, begun = subject.cpu(), subject.store_cpu(), time.perf_counter()
    before = [load() for load in loads]
    yield used
    used.wall = time.perf_counter() - begun
    used.server, used.store = subject.cpu() - server, subject.store_cpu() - store
    used.load = max((load() - was for load, was in zip(loads, before, strict=True)), default=0.0)
