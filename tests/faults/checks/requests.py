"""Checks of how requests were answered: in time, and never with an error of ours."""

from __future__ import annotations

from collections.abc import Iterator

from tests.faults.history import OK, UNKNOWN, WITHDRAWN, History, Violation
from tests.faults.trouble import Trouble

UNAVAILABLE = 503

PROMPT = 4_500
"""A call takes 2 s at most, and a signal may wait for the end of another before its own."""


def check_requests(history: History, trouble: Trouble) -> Iterator[Violation]:
    """Signals are taken, or refused with 503 and `Retry-After`, and never hang."""
    for signal in history.signals:
        told = f"{signal.kind} to node {signal.node} after {signal.ended - signal.sent} ms"
        disturbed = trouble.node_disturbed(signal.node, signal.sent, signal.ended)
        well = not (disturbed or history.crowded)
        if signal.code == UNAVAILABLE and "retry-after" not in signal.headers:
            yield Violation("503 says when to retry", signal.ended, signal.user, told)
        elif signal.code == UNAVAILABLE and not trouble.disturbed(signal.node, signal.sent, signal.ended):
            yield Violation("no refusal without cause", signal.ended, signal.user, told)
        elif signal.code not in {OK, UNAVAILABLE, UNKNOWN, WITHDRAWN}:
            yield Violation("only 200 and 503", signal.ended, signal.user, f"{told}: {signal.code}")
        elif signal.code == UNKNOWN and well:
            yield Violation("every request is answered", signal.ended, signal.user, told)
        elif signal.code >= 0 and well and signal.ended - signal.sent > PROMPT:
            yield Violation("no request hangs", signal.ended, signal.user, told)
