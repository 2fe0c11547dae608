"""Checks across all who were told: one version of a user is one record, whoever tells it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from tests.faults.history import History, Record, Violation
from tests.faults.trouble import Trouble


def check_facts(history: History, trouble: Trouble) -> Iterator[Violation]:
    """Within one incarnation of the store no two nodes disagree, and queries never go back."""
    seen: dict[tuple[str, bool, int], Record] = {}
    for at, own, record in _told(history):
        if trouble.settling.meets(at, at) or not record["version"]:
            continue
        epoch = sum(begin < at for begin, _ in trouble.renewals)
        key = (f"{epoch}/{record['user']}", own, record["version"])
        known = seen.setdefault(key, record)
        if known != record:
            detail = f"{known} and {record} have the same version"
            yield Violation("one content a version", at, record["user"], detail)
    yield from _backwards(history, trouble)


def _told(history: History) -> Iterable[tuple[int, bool, Record]]:
    for query in history.queries:
        for user, record in query.records.items():
            yield query.end, user == query.viewer, record
    for watching in history.watchings:
        for connection in watching.connections:
            for told in connection.told:
                if told.name in {"presence", "snapshot"}:
                    for record in told.data["users"]:
                        yield told.at, record["user"] == watching.viewer, record


def _backwards(history: History, trouble: Trouble) -> Iterator[Violation]:
    last: dict[tuple[str, bool], tuple[int, int, int]] = defaultdict(lambda: (0, 0, 0))
    for query in sorted(history.queries, key=lambda query: query.end):
        for user, record in query.records.items():
            begun, answered, version = last[user, user == query.viewer]
            renewed = any(begin <= query.end and begun <= end for begin, end in trouble.renewals)
            if record["version"] < version and answered < query.begin and not renewed:
                detail = f"node {query.node} answers {record} at {query.end}, after version {version}"
                yield Violation("no version back", query.end, user, detail)
            last[user, user == query.viewer] = (query.begin, query.end, record["version"])
