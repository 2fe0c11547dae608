"""What happened in a round: signals, queries, events on streams and faults, each with its times.

Times are milliseconds of this machine's clock, which is the store's clock too where it is `exact`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

OK = 200
UNKNOWN = -1
"""The code of a request that got no answer."""
WITHDRAWN = -2
"""The code of a request that the round did not wait for."""

SLACK = 2_000

GIVEN_UP = "was given up by the client"
ENDED = "ended the body"
REFUSED = "did not take the connection"

Record = dict[str, Any]


def now() -> int:
    """The time."""
    return time.time_ns() // 1_000_000


class Kind(StrEnum):
    """The kinds of signals."""

    HEARTBEAT = "heartbeat"
    STATUS = "status"
    TYPING = "typing"
    LEAVE = "leave"


@dataclass(frozen=True)
class Signal:
    """One signal, and what became of it."""

    user: str
    kind: Kind
    body: dict[str, Any]
    node: int
    sent: int
    ended: int
    """When it was answered or given up."""
    code: int
    answer: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    settled: int = 0
    """When it had taken effect at the latest, if it was not answered 200."""

    @property
    def certain(self) -> bool:
        """Whether it surely took effect."""
        return self.code == OK and not self.answer.get("stale")

    @property
    def unsure(self) -> bool:
        """Whether it may have taken effect or not, at once or later."""
        return self.code < 0 or self.code >= 500

    @property
    def possible(self) -> bool:
        """Whether it took effect, or may have."""
        return self.certain or self.unsure

    @property
    def begin(self) -> int:
        """It took effect then or later."""
        return self._exactly or self.sent

    @property
    def end(self) -> int:
        """It took effect then or earlier, or never."""
        return self._exactly or (self.ended if self.certain else max(self.ended, self.settled))

    @property
    def device(self) -> str:
        """Of signals other than status."""
        return str(self.body["device"])

    @property
    def seq(self) -> int:
        """Its place among the signals of the device."""
        return int(self.body["seq"])

    @property
    def _exactly(self) -> int:
        """The moment at which the store took it, where the answer tells."""
        return int(self.answer.get("time", 0)) if self.certain else 0


@dataclass(frozen=True)
class Query:
    """One answered query."""

    node: int
    viewer: str
    sent: int
    ended: int
    records: dict[str, Record]
    time: int
    """Of the moment of which it speaks; 0 where that is not known exactly."""
    settling: int

    @property
    def begin(self) -> int:
        """It speaks of this moment or of a later one."""
        return self.time or self.sent

    @property
    def end(self) -> int:
        """It speaks of this moment or of an earlier one."""
        return self.time or self.ended


@dataclass(frozen=True)
class Told:
    """One event of a stream."""

    name: str
    data: dict[str, Any]
    id: str
    at: int


@dataclass
class Connection:
    """One stream from its request to its end."""

    node: int
    resumed_from: str
    opened: int
    told: list[Told] = field(default_factory=list)
    closed: int | None = None
    ending: str = ""
    """One of the three below, or how it broke."""


@dataclass
class Watching:
    """All connections of one watcher, one after another."""

    name: str
    viewer: str
    users: tuple[str, ...]
    channels: tuple[str, ...]
    device: str | None = None
    connections: list[Connection] = field(default_factory=list)


@dataclass
class Fault:
    """One fault, from its first to its last moment."""

    kind: str
    begin: int
    nodes: frozenset[int]
    """Whom it keeps from the store, or from everything."""
    end: int | None = None
    note: str = ""
    sure: tuple[int, int] | None = None
    """While this lasted it surely worked; None for the whole of it."""

    @contextmanager
    def surely(self) -> Iterator[None]:
        """Work for the length of the block, between what takes time to break and to mend."""
        begin = now()
        try:
            yield
        finally:
            self.sure = begin, now()

    @property
    def over(self) -> int:
        """Its end; now, if it lasts."""
        return now() if self.end is None else self.end


@dataclass
class History:
    """One round."""

    nodes: int
    began: int = field(default_factory=now)
    exact: bool = True
    """Whether the store has one clock, this machine's, and answers queries of one moment."""
    apart: int = 0
    """Milliseconds by which the clocks of its masters may differ."""
    crowded: bool = False
    """Whether so many processes waited for this machine's time that nothing can be said of promptness."""
    signals: list[Signal] = field(default_factory=list)
    queries: list[Query] = field(default_factory=list)
    watchings: list[Watching] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    remarks: list[tuple[int, str]] = field(default_factory=list)
    """What else a reader wants to know: starts, ends, what a process printed."""

    @property
    def slack(self) -> int:
        """How much longer than by this machine's clock something may last by the store's."""
        return 0 if self.exact else SLACK

    def of_user(self, user: str) -> list[Signal]:
        """The signals of one user, in the order in which they were sent."""
        return self.select(lambda signal: signal.user == user)

    def select(self, wanted: Callable[[Signal], bool]) -> list[Signal]:
        """Signals that may have taken effect, in the order in which they were sent."""
        return sorted(
            (signal for signal in self.signals if signal.possible and wanted(signal)),
            key=lambda signal: signal.sent,
        )


@dataclass(frozen=True)
class Violation:
    """Something that the contract rules out."""

    promise: str
    """Which promise was broken, in a few words; violations are counted by it."""
    at: int
    about: str
    """The user or channel concerned; empty for none."""
    detail: str
