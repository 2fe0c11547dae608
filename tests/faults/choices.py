"""When an override may have been in effect: contract 5.3 and 5.4.

A choice is in effect until the next one that surely took its place. One that was not answered may still come
after later ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.faults.figures import SETTINGS
from tests.faults.history import Signal
from tests.faults.spans import EVER, Spans
from tests.faults.trouble import Trouble

NONE = "online"
"""Chosen by default and by `status: online`: what the devices do decides."""


@dataclass(frozen=True)
class Choices:
    """The status signals of one user, in the order in which they were sent."""

    signals: Sequence[Signal]
    trouble: Trouble

    def maybe(self, *, own: bool) -> dict[str, Spans]:
        """Override → when it may be in effect; to others, for the grace also what invisibility hides."""
        found: dict[str, list[tuple[int, int]]] = {NONE: [(0, self._replaced(0, own=own))]}
        for choice in self.signals:
            end = self._replaced(choice.end, own=own)
            ends_in = choice.body.get("expires_in")
            expired = EVER if ends_in is None else self.trouble.delayed(choice.begin, choice.end + ends_in)
            found.setdefault(choice.body["status"], []).append((choice.begin, min(end, expired)))
            if ends_in is not None:
                found[NONE].append((choice.begin + ends_in, end))
        found[NONE] += [(lost, self._replaced(empty, own=own)) for lost, empty in self.trouble.wipes]
        return {status: Spans(spans) for status, spans in found.items()}

    def _replaced(self, since: int, *, own: bool) -> int:
        """When a choice that was made until `since` was surely replaced."""
        for choice in self.signals:
            if choice.certain and choice.begin >= max(since, self.trouble.rolled_back):
                hidden = not own and choice.body["status"] == "invisible"
                return choice.end + (SETTINGS.grace if hidden else 0)
        return EVER
