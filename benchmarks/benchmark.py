"""A benchmark: who is measured, what is measured of each, and what must be reached."""

from __future__ import annotations

import operator
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

from benchmarks.subject import Start, Subject

Figures = dict[str, float]
"""Name, with its unit → value."""


class Scale(NamedTuple):
    """How much of the full size is run: 1 is what the targets are for."""

    factor: float

    def of(self, number: float, least: int = 1) -> int:
        """So many, at this scale."""
        return max(least, round(number * self.factor))


class Target(NamedTuple):
    """What a figure of the service must be, by itself or beside the same figure of a reference."""

    figure: str
    relation: str
    """`<=` or `>=`."""
    value: float
    of: str | None = None
    """The reference that `value` is a multiple of."""

    def reached(self, medians: Mapping[str, Figures]) -> tuple[float, bool] | None:
        """What was reached, and whether it is enough; None where something was not measured."""
        mine = medians.get(SERVICE, {}).get(self.figure)
        base = medians.get(self.of, {}).get(self.figure) if self.of else 1.0
        if mine is None or not base:
            return None
        holds = operator.le if self.relation == "<=" else operator.ge
        return mine / base, holds(mine / base, self.value)

    def __str__(self) -> str:
        sign = {"<=": "≤", ">=": "≥"}[self.relation]
        return f"{self.figure} {sign} {self.value:g}" + (f" × {self.of}" if self.of else "")


SERVICE = "sse-presence"
"""What the service is called in tables."""

Measure = Callable[[Subject, Scale], Awaitable[Figures]]

Contender = Callable[[Scale], Awaitable[Figures]]
"""Starts somebody, and measures."""


def each(measure: Measure, starts: Mapping[str, Start]) -> dict[str, Contender]:
    """Measure all alike."""
    return {name: _contender(measure, start) for name, start in starts.items()}


def _contender(measure: Measure, start: Start) -> Contender:
    async def measured(scale: Scale) -> Figures:
        async with start() as subject:
            return await measure(subject, scale)

    return measured


class Benchmark(NamedTuple):
    """One of the benchmarks."""

    name: str
    says: str
    contenders: Mapping[str, Contender]
    targets: tuple[Target, ...] = ()
    most_rounds: int = 99
    """Fewer where nobody is compared."""
    picture: str = ""
    """The figure that is drawn for all contenders."""
    by_default: bool = True
    """Whether it is run where no name is given."""
