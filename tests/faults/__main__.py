"""`python -m tests.faults --seconds 1800`: play round after round, and stop at nothing but the end.

Prints a line for each round, a story for each that went wrong, and in the end what was broken and how often.
Exits with 1 if any promise was broken.
"""

from __future__ import annotations

import asyncio
import pickle
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import SystemRandom

import click

from tests.faults.field import field
from tests.faults.plan import draw
from tests.faults.report import story, summary
from tests.faults.rounds import play

NODES = (2, 3)


@click.command()
@click.option("--seconds", default=60.0, show_default=True, help="For how long to begin new rounds.")
@click.option("--seed", default="", help="Of the first round; the others follow from it. Default: random.")
@click.option("--keep", type=click.Path(path_type=Path), help="A folder for logs and stories.")
def main(*, seconds: float, seed: str, keep: Path | None) -> None:
    """Play rounds."""
    seed = seed or f"{SystemRandom().randrange(10**8)}"
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(keep or temporary)
        folder.mkdir(parents=True, exist_ok=True)
        promises = asyncio.run(_play(seconds, seed, folder))
    raise SystemExit(1 if promises else 0)


async def _play(seconds: float, seed: str, folder: Path) -> Counter[str]:
    faults: Counter[str] = Counter()
    promises: Counter[str] = Counter()
    end = time.monotonic() + seconds
    rounds = number = 0
    while time.monotonic() < end:
        nodes = NODES[number % len(NODES)]
        place = folder / f"field-{number}"
        place.mkdir()
        async with field(place, nodes) as ground:
            for _ in range(10):
                name = seed if rounds == 0 else f"{seed}.{rounds}"
                rounds += 1
                history, found = await play(draw(name, nodes, f"r{rounds}"), ground)
                faults.update(fault.kind for fault in history.faults)
                promises.update({violation.promise for violation in found})
                click.echo(summary(name, history, found))
                if found:
                    told = story(name, history, found)
                    click.echo(told)
                    (place / f"story-{name}.txt").write_text(told)
                    (place / f"history-{name}.pickle").write_bytes(pickle.dumps(history))
                if time.monotonic() >= end:
                    break
        number += 1
    click.echo(f"\n{rounds} rounds from seed {seed}")
    click.echo("Faults: " + ", ".join(f"{kind} {count}" for kind, count in faults.most_common()))
    click.echo("Violations: " + (", ".join(f"{p} {c}" for p, c in promises.most_common()) or "none"))
    return promises


if __name__ == "__main__":
    main()
