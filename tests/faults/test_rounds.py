"""Rounds of faults on a single store: one that is always the same, and one that never is.

`make faults SECONDS=1800` plays many of them.
"""

from __future__ import annotations

from pathlib import Path
from random import SystemRandom

import pytest

from tests.faults.field import field
from tests.faults.plan import draw
from tests.faults.report import story, summary
from tests.faults.rounds import play

FIXED = "9"


@pytest.mark.parametrize("seed", [FIXED, ""], ids=["fixed", "random"])
async def test_a_round_of_faults(seed: str, tmp_path: Path) -> None:
    seed = seed or f"{SystemRandom().randrange(10**8)}"
    async with field(tmp_path, 2) as ground:
        history, found = await play(draw(seed, 2, "r1"), ground)
    print(summary(seed, history, found))  # noqa: T201 - the seed must be known
    assert not found, story(seed, history, found)
