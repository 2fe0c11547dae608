"""Invented histories: one user who beats, one watcher who is told; for tests of the checks."""

from __future__ import annotations

from typing import Any

from tests.faults.figures import SETTINGS
from tests.faults.history import (
    ENDED,
    OK,
    Connection,
    Fault,
    History,
    Kind,
    Query,
    Record,
    Signal,
    Told,
    Violation,
    Watching,
)
from tests.faults.verdict import judge, settle_times

BEGIN = 1_000_000
ONLINE: Record = {"user": "alice", "status": "online", "devices": ["web"], "version": 1}
IDLE: Record = {"user": "alice", "status": "idle", "devices": ["web"], "version": 2}
OFFLINE: Record = {"user": "alice", "status": "offline", "version": 3}


class Invented:
    """A round of two nodes that is right until something wrong is added; times are seconds from its begin."""

    def __init__(self) -> None:
        self.stream = Connection(0, "", BEGIN)
        self._watching = Watching("w1", "watcher", ("alice",), ("talk",), connections=[self.stream])
        self.history = History(2, BEGIN, watchings=[self._watching])
        self._seq = 0

    def beats(self, *moments: float, code: int = OK, **body: Any) -> None:
        """Heartbeats of alice."""
        for moment in moments:
            self.signals(Kind.HEARTBEAT, moment, code, **{"idle_ms": 0, "visible": True} | body)

    def signals(self, kind: Kind, moment: float, code: int = OK, took: float = 0.01, **body: Any) -> None:
        """Any signal of alice, on her one device."""
        self._seq += 1
        at = _ms(moment)
        answer = {"status": "online"} | ({"time": at + 1} if kind in {"heartbeat", "leave"} else {})
        body = {"device": "d1", "seq": self._seq} | body
        sent = Signal("alice", kind, body, 0, at, at + round(took * 1000), code, answer if code == OK else {})
        self.history.signals.append(sent)

    def answers(
        self, moment: float, record: Record, node: int = 0, settling: int = 0, took: float = 0
    ) -> None:
        """A query's answer; of one that took its time nobody knows of which moment it speaks."""
        at = _ms(moment)
        sent = at - round(took * 1000)
        time = 0 if took else at
        self.history.queries.append(Query(node, "observer", sent, at, {"alice": record}, time, settling))

    def tells(self, moment: float, name: str, **data: Any) -> None:
        """An event on the watcher's stream."""
        self.stream.told.append(Told(name, data, "cursor", _ms(moment)))

    def snapshot(self, moment: float, *records: Record, **data: Any) -> None:
        """A snapshot, which begins a stream."""
        self.tells(moment, "snapshot", users=list(records), part=1, parts=1, **data)

    def pings(self, begin: int, end: int) -> None:
        """No silence."""
        for moment in range(begin, end, SETTINGS.ping // 1000):
            self.tells(moment, "ping", time=_ms(moment))

    def ends(self, moment: float, how: str = ENDED, *, goodbye: bool = True) -> None:
        """The stream ends."""
        if goodbye:
            self.tells(moment, "bye", reason="lifetime", retry_ms=1_000)
        self.stream.told.sort(key=lambda told: told.at)
        self.stream.closed, self.stream.ending = _ms(moment), how

    def reconnects(self, moment: float) -> None:
        """The watcher opens its next stream."""
        self.stream = Connection(0, "cursor", _ms(moment))
        self._watching.connections.append(self.stream)

    def breaks(self, kind: str, begin: float, end: float, *nodes: int) -> None:
        """A fault."""
        fault = Fault(kind, _ms(begin), frozenset(nodes or (0, 1)), _ms(end))
        self.history.faults.append(fault)

    def verdict(self) -> list[Violation]:
        """What is wrong with it."""
        settle_times(self.history)
        return judge(self.history)

    def promises(self) -> set[str]:
        """Which promises were broken."""
        return {violation.promise for violation in self.verdict()}


def _ms(seconds: float) -> int:
    return BEGIN + round(seconds * 1000)
