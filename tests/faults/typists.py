"""Who surely types in a channel, and who may: contract sections 4 and 7."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.faults.choices import Choices
from tests.faults.figures import SETTINGS
from tests.faults.history import Signal
from tests.faults.spans import Spans
from tests.faults.trouble import Trouble

TTL = SETTINGS.typing_ttl


@dataclass(frozen=True)
class Typist:
    """One user in one channel."""

    signals: Sequence[Signal]
    """Its typing signals in this channel, of one device, in the order of their `seq`."""
    choices: Choices
    trouble: Trouble

    def maybe(self) -> Spans:
        """When it may be listed."""
        return Spans((start.begin, self._may_type_until(start)) for start in self._starts())

    def surely(self) -> Spans:
        """When it must be listed: not for what may have been typed while invisible."""
        hidden = self.choices.maybe(own=False).get("invisible", Spans())
        return Spans(
            (start.end, self._types_until(start))
            for start in self._starts()
            if start.certain and not hidden.meets(start.begin, start.end)
        )

    def _starts(self) -> list[Signal]:
        return [signal for signal in self.signals if signal.body["typing"]]

    def _stops_after(self, start: Signal) -> list[Signal]:
        return [stop for stop in self.signals if not stop.body["typing"] and stop.seq > start.seq]

    def _may_type_until(self, start: Signal) -> int:
        undone = self.trouble.rolled_back
        stopped = (stop.end for stop in self._stops_after(start) if stop.certain and stop.begin > undone)
        return min([self.trouble.delayed(start.begin, start.end + TTL), *stopped])

    def _types_until(self, start: Signal) -> int:
        ends = [stop.begin for stop in self._stops_after(start)]
        for lost, empty in self.trouble.wipes:
            if start.begin <= empty:
                ends.append(max(lost, start.end))
        return min([start.begin + TTL, *ends])
