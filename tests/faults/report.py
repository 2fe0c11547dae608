"""What a person reads: a round in a line, and a violation with the history around it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tests.faults.history import Connection, History, Kind, Signal, Violation, Watching

BEFORE, AFTER = 12_000, 1_500
"""Milliseconds of history shown around a violation."""

MENTIONED = 40
"""Violations mentioned beside the first of each promise, which is told in full."""


def summary(seed: str, history: History, found: Sequence[Violation]) -> str:
    """One line about a round."""
    faults = ", ".join(_fault_line(history, number) for number in range(len(history.faults)))
    events = sum(len(c.told) for watching in history.watchings for c in watching.connections)
    counts = f"{len(history.signals)} signals, {len(history.queries)} queries, {events} events"
    verdict = f"{len(found)} VIOLATIONS" if found else "right"
    if history.crowded:
        verdict += " on a crowded machine"
    return f"seed {seed}: {verdict}; {counts}; {faults}"


def story(seed: str, history: History, found: Sequence[Violation]) -> str:
    """All that helps to understand what went wrong."""
    lines = [f"Seed {seed}, violations: {len(found)}"]
    first = {violation.promise: violation for violation in reversed(found)}.values()
    for violation in sorted(first, key=lambda violation: violation.at):
        about = f" ({violation.about})" if violation.about else ""
        lines.append(f"\n--- {violation.promise}{about} at {_at(history, violation.at)}")
        lines.append(violation.detail)
        begin, end = violation.at - BEFORE, violation.at + AFTER
        around = [
            (at, text)
            for at, text in _lines(history, violation.about)
            if begin <= at <= end or text[0] == "!"
        ]
        lines += [f"{_at(history, at)} {text}" for at, text in sorted(around)]
    lines.append("\nAll:")
    lines += [f"{_at(history, v.at)} {v.promise}: {v.detail[:300]}" for v in found[:MENTIONED]]
    return "\n".join(lines)


def _at(history: History, at: int) -> str:
    return f"{(at - history.began) / 1000:8.3f}"


def _fault_line(history: History, number: int) -> str:
    fault = history.faults[number]
    begin = (fault.begin - history.began) / 1000
    return f"{fault.kind} {sorted(fault.nodes)} {begin:.1f}+{(fault.over - fault.begin) / 1000:.1f}"


def _lines(history: History, user: str) -> Iterator[tuple[int, str]]:
    """Faults, marked with `!`, and what concerns one user (or none)."""
    for fault in history.faults:
        yield fault.begin, f"! {fault.kind} begins, nodes {sorted(fault.nodes)} {fault.note}"
        yield fault.over, f"! {fault.kind} ends, nodes {sorted(fault.nodes)}"
    yield from history.remarks
    for signal in history.signals:
        if signal.user == user:
            yield signal.sent, _signal_line(history, signal)
    yield from _query_lines(history, user)
    for watching in history.watchings:
        if not user or user in watching.users:
            for connection in watching.connections:
                yield from _stream_lines(watching, connection, user)


def _query_lines(history: History, user: str) -> Iterator[tuple[int, str]]:
    """Answers that differ from the last of the same node."""
    last: dict[int, tuple[object, bool]] = {}
    for query in history.queries:
        record, settling = query.records.get(user), query.settling > 0
        if record is not None and query.viewer != user and last.get(query.node) != (record, settling):
            last[query.node] = (record, settling)
            told = f"  node {query.node} answers as of {_at(history, query.end)}"
            yield query.ended, f"{told}{' settling' if settling else ''}: {record}"


def _stream_lines(watching: Watching, connection: Connection, user: str) -> Iterator[tuple[int, str]]:
    begun = f"  {watching.name} connects to node {connection.node}"
    yield connection.opened, begun + (" with a cursor" if connection.resumed_from else "")
    if connection.closed is not None:
        yield connection.closed, f"  {watching.name}: node {connection.node} {connection.ending}"
    for told in connection.told:
        if told.name in {"stale", "fresh", "bye", "hello"}:
            what = told.data.get("resumed", told.data.get("reason", ""))
            yield told.at, f"  {watching.name} <- {told.name} {what}"
        for record in told.data.get("users", ()):
            if record["user"] == user:
                settling = " settling" if "settling_ms" in told.data else ""
                yield told.at, f"  {watching.name} <- {told.name}{settling} {record}"


def _signal_line(history: History, signal: Signal) -> str:
    body = {name: value for name, value in signal.body.items() if value not in (None, True)}
    took = signal.ended - signal.sent
    answer = signal.answer.get("status") if signal.kind is not Kind.STATUS else signal.answer.get("version")
    taken = _at(history, signal.answer["time"]) if signal.certain and "time" in signal.answer else ""
    return (
        f"> {signal.kind} to node {signal.node} {body}: {signal.code} {answer} after {took} ms, taken {taken}"
    )
