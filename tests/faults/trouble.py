"""What the faults of a round excuse, and what they do not.

Everything here errs on the side of the service: a fault excuses until `RECOVERY` after its end, while an
outage is only claimed where surely nobody reached the store for longer than five seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import reduce

from tests.faults.figures import LAG, OUTAGE, RECOVERY, SETTLING
from tests.faults.history import Fault
from tests.faults.spans import EVER, Spans

PARTING = frozenset({
    "node killed", "node frozen", "store frozen", "store killed", "store emptied", "store demoted",
    "store full", "black hole", "cut",
})  # fmt: skip
"""While these last, the nodes concerned surely do not reach the store."""

FAILOVERS = frozenset({"master killed", "master frozen", "replica behind"})
"""A replica takes over, whose clock may be another: what was due meanwhile may come so much later."""

SLOWING = frozenset({"delay", "half hole", "machine stalled"})

HINDERING = PARTING | FAILOVERS | SLOWING | {"node restarted", "store rolled back", "slot moved"}
"""While these last, they may not reach it."""

UNDOING = FAILOVERS | {"store rolled back"}
"""The store forgets some of what it was told."""

LOSING = UNDOING | {"store emptied", "flushed"}
"""It forgets some or all of it."""

RENEWING = LOSING | {"store killed", "store demoted", "slot moved between clocks"}
"""The store becomes another incarnation."""

NODE_FAULTS = frozenset({"node killed", "node frozen", "node restarted", "machine stalled"})

REACHED = 3_500
"""After what parted it from the store has ended, a node sweeps again within this."""

MARGIN = 1_000
"""A little before a fault was noted it may have begun, and the last sweep was up to this before it."""


@dataclass(frozen=True)
class Trouble:
    """The faults of a round, in the order in which they began."""

    nodes: int
    faults: Sequence[Fault]
    _touching: dict[int, Spans] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Join what follows on each other, once for each node."""
        for node in range(self.nodes):
            touching = (self._excused(fault) for fault in self.faults if node in fault.nodes)
            self._touching[node] = Spans(touching)

    # Losses

    @property
    def wipes(self) -> list[tuple[int, int]]:
        """When the store lost what it was told: signals taken between begin and end are of either side."""
        return [(fault.begin, fault.over) for fault in self.faults if fault.kind in LOSING]

    @property
    def rolled_back(self) -> int:
        """The last moment whose changes a store that was rolled back may have undone."""
        return max((fault.over for fault in self.faults if fault.kind in UNDOING), default=-EVER)

    @property
    def renewals(self) -> list[tuple[int, int]]:
        """When the store became another incarnation."""
        return [(fault.begin, fault.over) for fault in self.faults if fault.kind in RENEWING]

    @property
    def settling(self) -> Spans:
        """While the last known is shown in the place of the truth, at the longest."""
        return Spans((begin, self._settled(end)) for begin, end in self.renewals)

    # Outages

    @property
    def sure_outages(self) -> list[tuple[int, int]]:
        """When surely no process reached the store for over five seconds."""
        parted = [
            Spans(
                fault.sure or (fault.begin, fault.over) for fault in self._of(node) if fault.kind in PARTING
            )
            for node in range(self.nodes)
        ]
        return _long(reduce(Spans.__and__, parted))

    @property
    def possible_outages(self) -> list[tuple[int, int]]:
        """When it may have been so."""
        parted = [
            Spans(
                (fault.begin - MARGIN, fault.over + REACHED)
                for fault in self._of(node)
                if fault.kind in HINDERING
            )
            for node in range(self.nodes)
        ]
        return _long(reduce(Spans.__and__, parted))

    def delayed(self, begin: int, end: int) -> int:
        """When something at `end` may happen at the latest that was begun at `begin`."""
        for fault in self.faults:
            if fault.kind in FAILOVERS and fault.begin <= end and begin <= fault.over:
                end += fault.over - fault.begin
        return end

    # Streams

    def calm(self, node: int, begin: int, end: int) -> bool:
        """Whether the node had no trouble between two moments, nor shortly before."""
        return not self._touching[node].meets(begin - LAG, end)

    def known_at(self, node: int, at: int) -> int:
        """The oldest moment whose state a stream of this node may show as the present one."""
        oldest = at - LAG
        for begin, end in reversed(list(self._touching[node])):
            if begin <= at and oldest < end:
                oldest = min(oldest, begin - LAG)
        return oldest

    def disturbed(self, node: int, begin: int, end: int) -> bool:
        """Whether a fault touched the node at some moment."""
        return self._touching[node].meets(begin, end)

    @property
    def calm_from(self) -> int:
        """When all views are right again, and all who fell silent before the last fault are gone."""
        ends = [self._excused(fault)[1] for fault in self.faults]
        return max([0, *ends, *(end + SETTLING + LAG for _, end in self.possible_outages)])

    # Nodes

    def seen_through(self, node: int, begin: int, end: int) -> bool:
        """Whether the node knew the store before `begin`, ran on, and soon saw what it had become."""
        others = (fault for fault in self._of(node) if fault.end != end)
        return not any(fault.begin <= end + RECOVERY and begin <= self._excused(fault)[1] for fault in others)

    def node_disturbed(self, node: int, begin: int, end: int, *kinds: str) -> bool:
        """Whether the process itself was in trouble (of one of `kinds`), then or shortly before."""
        return any(
            fault.kind in (kinds or NODE_FAULTS) and fault.begin <= end and begin <= fault.over + RECOVERY
            for fault in self._of(node)
        )

    def settled_by(self, node: int, sent: int, ended: int) -> int:
        """When a request without an answer had taken effect at the latest."""
        meeting = [fault for fault in self._of(node) if fault.begin <= ended and sent <= fault.over]
        return max([ended, *(fault.over for fault in meeting)]) + RECOVERY

    def _excused(self, fault: Fault) -> tuple[int, int]:
        end = self._settled(fault.over) if fault.kind in RENEWING else fault.over + RECOVERY
        return fault.begin - MARGIN, end

    def _settled(self, renewed: int) -> int:
        """When all nodes show the truth of a store that was renewed, however late they noticed."""
        for fault in sorted(self.faults, key=lambda fault: fault.begin):
            if fault.kind in HINDERING and fault.begin <= renewed + RECOVERY:
                renewed = max(renewed, fault.over)
        return renewed + RECOVERY + SETTLING + LAG

    def _of(self, node: int) -> Iterable[Fault]:
        return (fault for fault in self.faults if node in fault.nodes)


def _long(spans: Spans) -> list[tuple[int, int]]:
    return [(begin, end) for begin, end in spans if end - begin > OUTAGE]
