"""Put a fault into the scripts and demand that a machine of an agreement test finds it."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import Phase
from hypothesis.stateful import RuleBasedStateMachine

from sse_presence.store.script import Script
from tests.store.history import play


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
        play(machine, 400, database=None, derandomize=True, phases=[Phase.generate])
