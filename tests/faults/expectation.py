"""What a user's status may have been: the contract's section 5, as far as the history tells.

A status that is not among the possible ones is a violation; among several possible ones nothing is claimed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, reduce

from tests.faults.choices import NONE, Choices
from tests.faults.history import History, Kind
from tests.faults.life import Attachment, Device
from tests.faults.spans import EVER, Spans
from tests.faults.trouble import Trouble

Attachments = Mapping[tuple[str, str], Sequence[Attachment]]
"""(user, device) → its streams."""


class Expectation:
    """One user of one round."""

    def __init__(self, user: str, history: History, trouble: Trouble, attachments: Attachments) -> None:
        signals = history.of_user(user)
        names = {signal.device for signal in signals if signal.kind is not Kind.STATUS}
        self._devices = [
            Device(
                [signal for signal in signals if signal.body.get("device") == name],
                attachments.get((user, name), ()),
                trouble,
            )
            for name in names
        ]
        self._choices = Choices([signal for signal in signals if signal.kind is Kind.STATUS], trouble)

    def statuses(self, begin: int, end: int, *, own: bool = False, shown: bool = False) -> set[str]:
        """The statuses possible at some moment from `begin` to `end`, both included.

        `own`: as the user itself sees it. `shown`: as a stream shows it that was open when the store lost
        its state; else as the store has it.
        """
        chosen = {status for status, spans in self._chosen[own].items() if spans.meets(begin, end)}
        possible: set[str] = set()
        hidden = not own and "invisible" in chosen
        if hidden or not self._surely_live[shown].covers(begin, end):
            possible.add("offline")
        if not self._maybe_live.meets(begin, end):
            return possible
        possible |= chosen - {NONE} if own else chosen - {NONE, "invisible"}
        if NONE in chosen:
            possible |= {"online"} if self._maybe_active.meets(begin, end) else set()
            possible |= {"idle"} if hidden or not self._surely_active.covers(begin, end) else set()
        return possible

    @cached_property
    def came_at(self) -> int:
        """Before this it was surely not live."""
        return min((begin for begin, _ in self._maybe_live), default=EVER)

    @cached_property
    def _chosen(self) -> dict[bool, dict[str, Spans]]:
        return {own: self._choices.maybe(own=own) for own in (False, True)}

    @cached_property
    def _surely_live(self) -> dict[bool, Spans]:
        stored = _union([device.surely_live() for device in self._devices])
        shown = _union([device.surely_live(shown=True) for device in self._devices])
        return {False: stored, True: stored | shown}

    @cached_property
    def _surely_active(self) -> Spans:
        return _union([device.surely_active() for device in self._devices])

    @cached_property
    def _maybe_live(self) -> Spans:
        return _union([device.maybe_live() for device in self._devices])

    @cached_property
    def _maybe_active(self) -> Spans:
        return _union([device.maybe_active() for device in self._devices])


def _union(spans: Sequence[Spans]) -> Spans:
    return reduce(Spans.__or__, spans, Spans())
