"""The agreement test can fail: each of these small faults in the scripts is found by it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from sse_presence.store.embedded import embedded
from sse_presence.store.script import Script
from tests.store.test_agreement import Agreement

MUTANTS = {
    "exclusive deadline": ("time >= d.deadline", "time > d.deadline"),
    "exclusive idle limit": ("or time >= idle_at(d)", "or time > idle_at(d)"),
    "override one millisecond too long": ("time >= chosen[4]", "time > chosen[4]"),
    "retry taken for stale": ("old and seq >= 0 and seq < old.seq", "old and seq >= 0 and seq <= old.seq"),
    "lost gap check": ("follow_clock()\nnotice_outage()", "follow_clock()"),
    "time goes back with the clock": ("if now >= p.mark then return false end", "if true then return end"),
    "lead kept for ever": ("(clock - p.led) / CAUGHT_UP", "0"),
    "outages not applied": ("  apply_outages(user)\n", ""),
    "gap one millisecond early": ("gap <= OUTAGE_AFTER", "gap < OUTAGE_AFTER"),
    "outage forgives leavers": ("if d.grace == NO_GRACE then", "if true then"),
    "tie by table order": ("d.activity_at == at and name > by", "d.activity_at == at"),
    "times of changes repeat": ("math.max(now, partition.last + 1)", "now"),
    "invisible activity leaves a trace": ("user.real.since = at", "user.real.since = 0"),
    "retention put off unseen": ("user.ghost and user.own or user.public", "user.own"),
    "timer not moved forward": (
        "if armed < old or now >= old or user.popped",
        "if now >= old or user.popped",
    ),
    "typing refreshed too late": (
        "local changed = now >= refresh_at(channel, current)",
        "local changed = false",
    ),
    "late typing start": ("e and seq >= 0 and seq < e.seq and e.seq or false", "false"),
}


class Mutant(Agreement):
    """The same, on a script with a fault."""


@pytest.fixture(scope="module")
def mutant_store() -> Iterator[str]:
    with embedded() as url:
        yield url


@pytest.mark.parametrize("name", MUTANTS)
def test_fault_is_found(mutant_store: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    right, wrong = MUTANTS[name]
    source = Script().source.decode()
    assert source.count(right) == 1
    faulty = source.replace(right, wrong).encode()
    original = Script.__init__

    def init(script: Script) -> None:
        original(script)
        script.source = faulty
        script.digest = hashlib.sha1(faulty, usedforsecurity=False).hexdigest()

    monkeypatch.setattr(Script, "__init__", init)
    Mutant.url = mutant_store
    with pytest.raises((AssertionError, ExceptionGroup)):
        run_state_machine_as_test(
            Mutant,
            settings=settings(
                max_examples=400,
                stateful_step_count=40,
                deadline=None,
                database=None,
                derandomize=True,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            ),
        )
