"""Traffic is dense while many operations come, and not after a pause, however many came before."""

from __future__ import annotations

import pytest

from sse_presence.store.traffic import Traffic


@pytest.mark.parametrize(
    ("rate", "dense"), [(5, False), (400, False), (900, False), (1_200, True), (20_000, True)]
)
def test_it_is_told_by_the_rate(rate: int, dense: bool) -> None:  # noqa: FBT001 - a row of the table
    traffic = Traffic()
    now = 0.0
    for _ in range(rate):
        now += 1 / rate
        traffic.passed(1, now)
    assert traffic.dense(now) is dense


def test_many_at_once_count_as_many() -> None:
    traffic = Traffic()
    for number in range(20):
        traffic.passed(50, number / 100)
    assert traffic.dense(0.195)


def test_a_pause_ends_it() -> None:
    traffic = Traffic()
    for number in range(1_000):
        traffic.passed(1, number / 5_000)
    assert traffic.dense(0.2)
    assert not traffic.dense(0.3)
    traffic.passed(1, 0.5)
    assert not traffic.dense(0.5)
