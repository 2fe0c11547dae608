"""One round on each kind of store, with faults that are chosen, and judged like all that are drawn.

On a machine that had no time for the round only that counts which holds however late everything comes.
"""

from __future__ import annotations

import gc
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from tests.faults.grounds import GROUNDS
from tests.faults.history import History
from tests.faults.plan import Planned, draw
from tests.faults.report import story
from tests.faults.rounds import play
from tests.stores.clock import library

NODES = 2
CHAOS = 8.0

ROUNDS = {
    "single": (
        Planned(1.0, "half hole", 0, length=3),
        Planned(1.5, "flush", None, length=0),
        Planned(2.5, "freeze store", None, length=5.5),
        Planned(6.0, "kill", 1, length=0.5),
    ),
    "sentinel": (Planned(1.0, "lose writes", None, length=1), Planned(2.0, "freeze", 0, length=2)),
    "cluster": (
        Planned(1.0, "move slot", None, length=0),
        Planned(1.5, "kill master", None, length=0),
        Planned(6.0, "restart", 1, length=0.2),
    ),
}
AHEAD = {"single": 0, "sentinel": -30, "cluster": 30}
"""Seconds by which the clocks of replicas are ahead."""

WHENEVER = frozenset({
    "convergence after quiet", "a snapshot first", "no unchanged record twice", "one delta a change",
    "stale and fresh in turn", "no own typing", "only 200 and 503", "503 says when to retry",
    "no traceback",
})  # fmt: skip
"""Promises that do not depend on time."""


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # clients cut off while closing
@pytest.mark.parametrize("store", ROUNDS)
async def test_a_round_breaks_no_promise(store: str, tmp_path: Path) -> None:
    ahead = AHEAD[store] if library() else 0
    async with GROUNDS[store](tmp_path, NODES, Random(store), ahead) as ground:
        plan = replace(draw(store, store, NODES, "r"), chaos=CHAOS, faults=ROUNDS[store])
        history, found = await play(plan, ground)
    if not timely(history):
        found = [violation for violation in found if violation.promise in WHENEVER]
    gc.collect()  # what they left open is not for other tests to find
    assert not found, story(store, history, found)


def timely(history: History) -> bool:
    """Whether the machine had time for the round."""
    return not history.crowded and all(fault.kind != "machine stalled" for fault in history.faults)
