"""Checks of what queries answered: exactly right at the moment of which they speak."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tests.faults.expectation import Expectation
from tests.faults.figures import RECOVERY, SETTLING
from tests.faults.history import History, Kind, Query, Record, Violation
from tests.faults.trouble import Trouble


def check_queries(
    history: History, trouble: Trouble, expectations: Mapping[str, Expectation]
) -> Iterator[Violation]:
    """Nobody is offline who surely is live, nobody else who surely is not, and so on."""
    for query in history.queries:
        begin, end = query.begin - history.slack, query.end
        for user, record in query.records.items():
            if user not in expectations:
                continue
            possible = expectations[user].statuses(begin, end, own=user == query.viewer)
            if record["status"] not in possible:
                yield _wrong(query, user, record, possible)
            if history.exact and record.get("until", begin + 1) <= begin:
                detail = f"node {query.node} answers {record} at {begin}, when that has ended"
                yield Violation("overrides end", end, user, detail)
    yield from _unsettled(history, trouble)


def check_answers(history: History, expectations: Mapping[str, Expectation]) -> Iterator[Violation]:
    """What a heartbeat answers is the sender's own status: never offline."""
    for signal in history.signals:
        if signal.kind is Kind.HEARTBEAT and signal.certain:
            status = signal.answer["status"]
            possible = expectations[signal.user].statuses(signal.begin - history.slack, signal.end, own=True)
            if status not in possible:
                detail = f"a heartbeat of {signal.device} was answered {status}; possible: {possible}"
                yield Violation("heartbeats answer the status", signal.end, signal.user, detail)


def _wrong(query: Query, user: str, record: Record, possible: set[str]) -> Violation:
    status = record["status"]
    promise = "no false offline" if status == "offline" else f"no {status} without cause"
    if possible == {"offline"}:
        promise = "no ghost"
    told = f"node {query.node} answers {record} at {query.end}"
    return Violation(promise, query.end, user, f"{told}; possible: {', '.join(sorted(possible))}")


def _unsettled(history: History, trouble: Trouble) -> Iterator[Violation]:
    """After a loss that a running process saw, queries say for how long the store may lack something."""
    for lost, empty in trouble.wipes:
        seen = any(trouble.seen_through(node, lost, empty) for node in range(trouble.nodes))
        for query in history.queries:
            due = empty + RECOVERY <= query.begin < lost + SETTLING
            if seen and due and not query.settling:
                detail = f"node {query.node} answers without settling_ms, the store was emptied at {lost}"
                yield Violation("settling is told", query.end, "", detail)
