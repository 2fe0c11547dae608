"""`python -m tests.faults --seconds 1800`: play round after round, and stop at nothing but the end.

Prints a line for each round, a story for each that went wrong, and in the end what was broken and how often.
The seed of a round alone plays it again: `python -m tests.faults --seconds 1 --seed 123.0.4`, as far as
processes and networks let it. Exits with 1 if any promise was broken.
"""

from __future__ import annotations

import asyncio
import pickle
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random, SystemRandom

import click

from tests.faults.field import Field
from tests.faults.grounds import GROUNDS
from tests.faults.plan import draw
from tests.faults.report import story, summary
from tests.faults.rounds import play
from tests.stores.clock import library

NODES = (2, 3)


AHEAD = (0, 30, -30)
"""Seconds by which the clocks of replicas may be ahead of their masters'."""

FRESH = 10
"""Rounds after which a lane begins anew, with other processes and an empty store."""


@click.command()
@click.option("--seconds", default=60.0, show_default=True, help="For how long to begin new rounds.")
@click.option("--seed", default="", help="Of the first round; the others follow from it. Default: random.")
@click.option("--lanes", default=1, show_default=True, help="Rounds played side by side.")
@click.option("--store", type=click.Choice(list(GROUNDS)), default="single", show_default=True)
@click.option("--ahead", type=int, help="Seconds by which replicas' clocks are ahead. Default: drawn.")
@click.option("--keep", type=click.Path(path_type=Path), help="A folder for logs and stories.")
def main(*, seconds: float, seed: str, lanes: int, store: str, ahead: int | None, keep: Path | None) -> None:
    """Play rounds."""
    seed = seed or f"{SystemRandom().randrange(10**8)}"
    with tempfile.TemporaryDirectory() as temporary:
        run = Run(store, ahead, seed, time.monotonic() + seconds, Path(keep or temporary))
        asyncio.run(run.play(lanes))
    click.echo(f"\n{run.rounds} rounds from seed {seed}")
    click.echo("Faults: " + ", ".join(f"{kind} {count}" for kind, count in run.faults.most_common()))
    broken = ", ".join(f"{promise} {count}" for promise, count in run.promises.most_common())
    click.echo(f"Rounds with violations: {broken or 'none'}")
    raise SystemExit(1 if run.promises else 0)


@dataclass
class Run:
    """All rounds of one call."""

    store: str
    ahead: int | None
    """Seconds by which the clocks of replicas are ahead, where they shall be."""
    seed: str
    end: float
    folder: Path
    rounds: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    promises: Counter[str] = field(default_factory=Counter)

    async def play(self, lanes: int) -> None:
        """Play side by side until the time is over."""
        async with asyncio.TaskGroup() as group:
            for lane in range(lanes):
                group.create_task(self._lane(lane))

    async def _lane(self, lane: int) -> None:
        number = 0
        while time.monotonic() < self.end:
            nodes = NODES[(lane + number // FRESH) % len(NODES)]
            place = self.folder / f"lane-{lane}-{number}"
            place.mkdir(parents=True)
            random = Random(self._seed(lane, number))
            drawn = random.choice(AHEAD) if library() else 0
            ahead = drawn if self.ahead is None else self.ahead
            async with GROUNDS[self.store](place, nodes, random, ahead) as ground:
                for _ in range(FRESH):
                    if time.monotonic() < self.end:
                        await self._round(self._seed(lane, number), ground, place)
                        number += 1

    def _seed(self, lane: int, number: int) -> str:
        return f"{self.seed}.{lane}.{number}" if lane + number else self.seed

    async def _round(self, seed: str, ground: Field, place: Path) -> None:
        history, found = await play(draw(seed, self.store, len(ground.nodes), f"r{self.rounds}"), ground)
        self.rounds += 1
        self.faults.update(fault.kind for fault in history.faults)
        self.promises.update({violation.promise for violation in found})
        click.echo(summary(seed, history, found))
        if found:
            told = story(seed, history, found)
            click.echo(told)
            (place / f"story-{seed}.txt").write_text(told)
            (place / f"history-{seed}.pickle").write_bytes(pickle.dumps(history))


if __name__ == "__main__":
    main()
