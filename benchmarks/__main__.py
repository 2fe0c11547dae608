"""`make bench`: every benchmark against its references, one table each, and all figures as JSON."""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from pathlib import Path

from benchmarks.bars import bars
from benchmarks.benchmark import Scale
from benchmarks.fanout import FANOUT
from benchmarks.growth import GROWTH
from benchmarks.heartbeats import HEARTBEATS
from benchmarks.machine import machine, versions
from benchmarks.quiet import QUIET
from benchmarks.repair import REPAIR
from benchmarks.resync import RESYNC
from benchmarks.rounds import Outcome, play
from benchmarks.signals import SIGNALS
from benchmarks.storm import STORM
from benchmarks.streams import STREAMS
from benchmarks.table import table

ALL = {
    benchmark.name: benchmark
    for benchmark in (FANOUT, STORM, QUIET, STREAMS, HEARTBEATS, SIGNALS, RESYNC, GROWTH, REPAIR)
}


async def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="name", help=f"which: {', '.join(ALL)}; all but repair by default"
    )
    parser.add_argument("--rounds", type=int, default=3, help="how often each is run, in turn")
    parser.add_argument("--scale", type=float, default=1.0, help="part of the full size, to try things out")
    parser.add_argument("--json", type=Path, default=Path("build/bench.json"), help="where all figures go")
    given = parser.parse_args()
    if unknown := set(given.names) - ALL.keys():
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(ALL)}")
    about = {"machine": machine(), "versions": versions(), "scale": given.scale}
    told: list[dict[str, object]] = []
    for name in given.names or [name for name, one in ALL.items() if one.by_default]:
        if given.scale != 1:
            print(f"At {given.scale:g} of the full size, for which the targets are not meant.")
        begun = time.monotonic()
        outcome = await play(ALL[name], given.rounds, Scale(given.scale))
        print(table(outcome), flush=True)
        told.append(_told(outcome) | {"seconds": round(time.monotonic() - begun)})
        _write(given.json, json.dumps(about | {"benchmarks": told}, indent=1))  # for the next one may fail
        _draw(outcome, given.json.with_name(f"{name}.svg"))
    print(f"All figures: {given.json}")


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")


def _draw(outcome: Outcome, file: Path) -> None:
    figure = outcome.benchmark.picture
    if figure:
        title = f"{outcome.benchmark.says}: {figure}"
        _write(file, bars(title, {name: told[figure] for name, told in outcome.medians().items()}))


def _told(outcome: Outcome) -> dict[str, object]:
    medians = outcome.medians()
    targets = {str(target): target.reached(medians) for target in outcome.benchmark.targets}
    return {
        "name": outcome.benchmark.name,
        "rounds": outcome.rounds,
        "medians": medians,
        "targets": targets,
        "missing": outcome.missing,
    }


if __name__ == "__main__":
    asyncio.run(main())
