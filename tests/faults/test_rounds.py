"""One round of faults on a single store, always with the same plan; `make faults SECONDS=1800` plays many."""

from __future__ import annotations

from pathlib import Path

from tests.faults.field import field
from tests.faults.plan import draw
from tests.faults.report import story, summary
from tests.faults.rounds import play

SEED = "9"


async def test_a_round_of_faults(tmp_path: Path) -> None:
    async with field(tmp_path, 2) as ground:
        history, found = await play(draw(SEED, 2, "r1"), ground)
    assert not found, summary(SEED, history, found) + story(SEED, history, found)
