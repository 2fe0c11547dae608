"""When a device was surely live and active, and when it may have been: contract 5.1, 5.2 and 5.7.

Signals without an answer may have been taken at any time until they were settled, or never. Whatever could
have shortened a life is taken to have done so where life is claimed, and to have not where it is allowed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.faults.figures import CLOSE_MARGIN, SETTINGS, SETTLING
from tests.faults.history import Kind, Signal
from tests.faults.spans import Spans
from tests.faults.trouble import Trouble

FACTOR = SETTINGS.liveness_factor
GRACE = SETTINGS.grace

Attachment = tuple[int, int]
"""From the opening of a stream with `device=` until its node knew that it was closed, at the latest."""


@dataclass(frozen=True)
class Device:
    """All that is known of one device of a user."""

    signals: Sequence[Signal]
    """In the order of their `seq`; `interval` is the same in all heartbeats."""
    attachments: Sequence[Attachment]
    trouble: Trouble

    @property
    def interval(self) -> int:
        """The interval that it declared."""
        return max((_interval(beat) for beat in self._beats()), default=SETTINGS.heartbeat)

    # Surely

    def surely_live(self, *, shown: bool = False) -> Spans:
        """When the store surely holds it for live; or, `shown`, when open streams are to show it live.

        They differ where the store lost its state: what was live then is shown on until it has settled.
        """
        return Spans(
            (beat.end + 1, self._live_until(beat, shown=shown)) for beat in self._beats() if beat.certain
        )

    def surely_active(self) -> Spans:
        """When it is surely live and not idle."""
        wakes = (beat for beat in self._beats() if beat.certain and beat.body["idle_ms"] <= self.interval)
        return Spans((beat.end + 1, self._active_until(beat)) for beat in wakes)

    def _live_until(self, beat: Signal, *, shown: bool) -> int:
        """The end of the life that an accepted beat surely gives."""
        begin, life = beat.end, FACTOR * self.interval
        if self.attachments:
            life = min(life, max(GRACE, self.interval + CLOSE_MARGIN))
        end = beat.begin + life
        left = min((leave.begin for leave in self._later(beat, Kind.LEAVE)), default=end)
        if not self.attachments:
            for first, last in self.trouble.sure_outages:
                if begin <= first < min(end, left):
                    end = max(end, last + FACTOR * self.interval)
        end = min(end, max(begin, left) + GRACE)
        for lost, empty in self.trouble.wipes:
            if begin < lost:
                end = min(end, lost + min(SETTLING, life) if shown else lost)
            elif begin <= empty:
                end = begin
        return end

    def _active_until(self, beat: Signal) -> int:
        last_input: int = beat.begin - beat.body["idle_ms"]
        end = last_input + _limit(beat)
        for first, last in self.trouble.sure_outages:
            if beat.end <= first < end:
                end = max(end, last + self.interval)
        end = min(end, self._live_until(beat, shown=False))
        for later in self._later(beat, Kind.HEARTBEAT):
            last_input = later.begin - later.body["idle_ms"]
            end = min(end, max(later.begin, last_input + _limit(later)))
        return end

    def _later(self, beat: Signal, kind: Kind) -> Iterable[Signal]:
        return (signal for signal in self.signals if signal.kind is kind and signal.seq > beat.seq)

    # Possibly

    def maybe_live(self) -> Spans:
        """When the store may hold it for live."""
        return Spans((signal.begin, self._may_live_until(signal)) for signal in self._touches())

    def maybe_active(self) -> Spans:
        """When it may be active, if it is live."""
        spans = []
        for signal in self._touches():
            idle = signal.body.get("idle_ms", 0)
            end = signal.end - idle + _limit(signal)
            for first, last in self.trouble.possible_outages:
                if signal.begin <= last and first < end:
                    end = max(end, last + self.interval)
            spans.append((signal.begin, end))
        return Spans(spans)

    def _may_live_until(self, signal: Signal) -> int:
        end = self._may_be_renewed(signal, signal.end + FACTOR * self.interval)
        for first, last in self.trouble.possible_outages:
            if signal.begin <= last and first < end:
                end = self._may_be_renewed(signal, max(end, last + FACTOR * self.interval))
        kept_from = max(signal.end, self.trouble.rolled_back)
        leaves = (s for s in self.signals if s.kind is Kind.LEAVE and s.certain and s.begin >= kept_from)
        return min([end, *(leave.end + GRACE for leave in leaves)])

    def _may_be_renewed(self, signal: Signal, end: int) -> int:
        """The end of a life after all that streams may have done for it."""
        for opened, closed in self.attachments:
            if opened < end:
                renewed = min(closed + FACTOR * self.interval, signal.end + SETTINGS.renewal_ceiling)
                end = max(end, renewed)
        return end

    def _touches(self) -> Iterable[Signal]:
        return (signal for signal in self.signals if signal.kind in {Kind.HEARTBEAT, Kind.TYPING})

    def _beats(self) -> Iterable[Signal]:
        return (signal for signal in self.signals if signal.kind is Kind.HEARTBEAT)


def _interval(beat: Signal) -> int:
    return int(beat.body.get("interval_ms") or SETTINGS.heartbeat)


def _limit(signal: Signal) -> int:
    """Without input for this long it is idle; after typing, which says nothing of it, the longer one."""
    visible = signal.body.get("visible", True)
    return SETTINGS.idle_after if visible else SETTINGS.hidden_idle_after
