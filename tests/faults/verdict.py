"""The verdict on a round: every check, applied to its history."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from tests.faults.checks.facts import check_facts
from tests.faults.checks.queries import check_answers, check_queries
from tests.faults.checks.requests import check_requests
from tests.faults.checks.streams import check_connections, check_order
from tests.faults.checks.views import Belief, Typing
from tests.faults.choices import Choices
from tests.faults.expectation import Attachments, Expectation
from tests.faults.history import History, Kind, Signal, Violation, now
from tests.faults.life import Attachment
from tests.faults.trouble import Trouble
from tests.faults.typists import Typist


def judge(history: History) -> list[Violation]:
    """All violations of a round, in the order of their times."""
    trouble = Trouble(history.nodes, history.faults)
    attachments = attachments_of(history, trouble)
    users = {signal.user for signal in history.signals}
    expectations = {user: Expectation(user, history, trouble, attachments) for user in users}
    typing = dict(_typing(history, trouble))
    answered = _answered(history)
    found = [
        *check_requests(history, trouble),
        *check_answers(history, expectations),
        *check_queries(history, trouble, expectations),
        *check_order(history),
        *check_connections(history, trouble),
        *check_facts(history, trouble),
    ]
    for watching in history.watchings:
        belief = Belief(watching, trouble, expectations, typing, answered, exact=history.exact)
        found += belief.check()
    return sorted(found, key=lambda violation: violation.at)


def attachments_of(history: History, trouble: Trouble) -> Attachments:
    """The streams that kept devices attached, each until its node surely knew that it was closed."""
    found: defaultdict[tuple[str, str], list[Attachment]] = defaultdict(list)
    for watching in history.watchings:
        for connection in watching.connections if watching.device is not None else ():
            closed = now() if connection.closed is None else connection.closed
            known = trouble.settled_by(connection.node, connection.opened, closed)
            found[watching.viewer, str(watching.device)].append((connection.opened, known))
    return found


def _typing(history: History, trouble: Trouble) -> Iterator[tuple[tuple[str, str], Typing]]:
    """(channel, user) → when it types; a user types on one device only."""
    signals: defaultdict[tuple[str, str], list[Signal]] = defaultdict(list)
    for signal in history.select(lambda signal: signal.kind is Kind.TYPING):
        signals[signal.body["channel"], signal.user].append(signal)
    for (channel, user), of_one in signals.items():
        chosen = [signal for signal in history.of_user(user) if signal.kind is Kind.STATUS]
        typist = Typist(of_one, Choices(chosen, trouble), trouble)
        yield (channel, user), Typing(typist.maybe(), typist.surely())


def _answered(history: History) -> dict[str, list[tuple[int, int]]]:
    """User → (time, version) of its public record in queries, by time."""
    found: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for query in sorted(history.queries, key=lambda query: query.end):
        for user, record in query.records.items():
            if user != query.viewer:
                found[user].append((query.end, record["version"]))
    return found


def settle_times(history: History) -> None:
    """Say of each signal without a certain answer when it had taken effect at the latest."""
    trouble = Trouble(history.nodes, history.faults)
    for number, signal in enumerate(history.signals):
        if signal.unsure:
            settled = trouble.settled_by(signal.node, signal.sent, signal.ended)
            history.signals[number] = _settled(signal, settled)


def _settled(signal: Signal, settled: int) -> Signal:
    return Signal(**{**signal.__dict__, "settled": settled})
