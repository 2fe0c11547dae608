"""One table for each benchmark: medians, and how far each target is."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.rounds import Outcome


def table(outcome: Outcome) -> str:
    """Lines to print."""
    return "\n".join(_lines(outcome))


def _lines(outcome: Outcome) -> Iterator[str]:
    benchmark, medians = outcome.benchmark, outcome.medians()
    yield f"{benchmark.name}: {benchmark.says}"
    yield ""
    names = list(dict.fromkeys(name for figures in medians.values() for name in figures))
    first = max(map(len, names), default=0) + 4
    widths = {contender: max(len(contender), 9) + 3 for contender in medians}
    yield " " * first + "".join(f"{contender:>{widths[contender]}}" for contender in medians)
    for name in names:
        values = (
            f"{_shown(figures[name]) if name in figures else '–':>{widths[contender]}}"
            for contender, figures in medians.items()
        )
        yield f"  {name:<{first - 2}}{''.join(values)}"
    for contender, needs in outcome.missing.items():
        yield f"  {contender} was not measured: {needs}"
    if benchmark.targets:
        yield ""
    for target in benchmark.targets:
        reached = target.reached(medians)
        verdict = "not measured" if reached is None else f"{reached[0]:.3g} {'✓' if reached[1] else '✗'}"
        yield f"  {target!s:<{first + 20}} {verdict}"
    yield ""


def _shown(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 1000 or value == int(value) else f"{value:.3g}"
