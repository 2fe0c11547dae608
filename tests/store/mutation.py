"""Put a fault into the scripts and demand that a machine of an agreement test finds it."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from sse_presence.store.script import Script


def finds(
    machine: type[RuleBasedStateMachine], right: str, wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`right` stands once in the scripts; with `wrong` in its place some history must fail."""
    source = Script().source.decode()
    assert source.count(right) == 1
    faulty = source.replace(right, wrong).encode()
    original = Script.__init__

    def init(script: Script) -> None:
        original(script)
        script.source = faulty
        script.digest = hashlib.sha1(faulty, usedforsecurity=False).hexdigest()

    monkeypatch.setattr(Script, "__init__", init)
    with pytest.raises((AssertionError, ExceptionGroup)):
        run_state_machine_as_test(
            machine,
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
