"""Benchmarks run; whether what they measure is good is seen on a quiet machine."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.benchmark import SERVICE, Target
from benchmarks.latency import percentile
from benchmarks.plot import Line, plot
from tests.running import clean_environment

ROOT = Path(__file__).parents[1]


def test_a_tiny_run_tells_everything(tmp_path: Path) -> None:
    told = tmp_path / "told.json"
    options = ("--scale", "0.01", "--rounds", "2", "--json", str(told))
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "heartbeats", "resync", *options],
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(told.read_text())
    assert {"machine", "versions", "scale", "benchmarks"} <= found.keys()
    heartbeats, resync = found["benchmarks"]
    assert [list(figures) for figures in heartbeats["rounds"]] == [[SERVICE, "no store"]] * 2
    assert heartbeats["medians"][SERVICE]["heartbeats a second"] > 0
    assert [list(figures) for figures in resync["rounds"]] == [[SERVICE]], "nobody is compared"
    for one in (heartbeats, resync):
        assert all(target in done.stdout for target in one["targets"])


@pytest.mark.parametrize(
    ("target", "reached"),
    [
        (Target("cost", "<=", 0.5, "other"), (0.5, True)),
        (Target("cost", "<=", 0.4, "other"), (0.5, False)),
        (Target("cost", ">=", 3), (4.0, True)),
        (Target("cost", ">=", 5), (4.0, False)),
        (Target("cost", "<=", 1, "absent"), None),
        (Target("unknown", "<=", 1), None),
    ],
)
def test_targets(target: Target, reached: tuple[float, bool] | None) -> None:
    assert target.reached({SERVICE: {"cost": 4.0}, "other": {"cost": 8.0}}) == reached


def test_percentiles() -> None:
    counts = [(10, 50), (0, 49), (99, 1)]
    assert percentile(counts, 0.5) == 1.1
    assert percentile(counts, 0.99) == 1.1
    assert percentile(counts, 1.0) == 10.0
    assert percentile([], 0.5) == 0.0


def test_a_plot_stands_by_itself() -> None:
    picture = plot("Costs", "streams", "µs", [Line("a < b", [(1, 2.0), (4, 2.5)])])
    assert picture.startswith("<svg ")
    assert "a &lt; b" in picture
    assert picture.count("<circle") == 2
