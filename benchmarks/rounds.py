"""Rounds: all contenders in turn, several times over, so that what else the machine does meets all alike."""

from __future__ import annotations

import statistics
import sys
from typing import NamedTuple

from benchmarks.benchmark import Benchmark, Figures, Scale
from benchmarks.subject import Missing


class Outcome(NamedTuple):
    """What the rounds of one benchmark gave."""

    benchmark: Benchmark
    rounds: list[dict[str, Figures]]
    """For each round, contender → figures."""
    missing: dict[str, str]
    """Contender that could not run → what it needs."""

    def medians(self) -> dict[str, Figures]:
        """Contender → figure → its median over all rounds."""
        found: dict[str, Figures] = {}
        for contender in self.benchmark.contenders:
            taken = [figures[contender] for figures in self.rounds if contender in figures]
            if taken:
                found[contender] = {name: statistics.median(one[name] for one in taken) for name in taken[0]}
        return found


async def play(benchmark: Benchmark, count: int, scale: Scale) -> Outcome:
    """Run all rounds; who cannot run is left out."""
    outcome = Outcome(benchmark, [], {})
    count = min(count, benchmark.most_rounds)
    for number in range(count):
        figures: dict[str, Figures] = {}
        for contender, measured in benchmark.contenders.items():
            if contender in outcome.missing:
                continue
            print(f"{benchmark.name}, round {number + 1} of {count}: {contender}", file=sys.stderr)
            try:
                figures[contender] = await measured(scale)
            except Missing as missing:
                outcome.missing[contender] = str(missing)
        outcome.rounds.append(figures)
    return outcome
