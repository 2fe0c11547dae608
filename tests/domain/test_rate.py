"""A bucket never lets more through than it holds and refills, and never less to whoever waits as told."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sse_presence.domain.rate import Buckets


def test_a_full_bucket_is_taken_at_once_and_refills_steadily() -> None:
    buckets = Buckets(20, 20_000)
    assert [buckets.take("alice", 5_000) for _ in range(20)] == [0] * 20
    assert buckets.take("alice", 5_000) == 1_000
    assert buckets.take("alice", 5_999) == 1
    assert buckets.take("alice", 6_000) == 0
    assert buckets.take("alice", 6_000) == 1_000
    assert [buckets.take("alice", 11_000) for _ in range(6)] == [0] * 5 + [1_000]


def test_everyone_has_an_own_one() -> None:
    buckets = Buckets(1, 1_000)
    assert [buckets.take(user, 0) for user in ("alice", "bob", "alice")] == [0, 0, 1_000]


def test_what_is_refused_costs_nothing() -> None:
    buckets = Buckets(2, 2_000)
    assert [buckets.take("alice", 0) for _ in range(50)] == [0, 0, *[1_000] * 48]
    assert buckets.take("alice", 1_000) == 0


def test_some_things_cost_more() -> None:
    buckets = Buckets(10, 1_000)
    assert buckets.take("alice", 0, 7) == 0
    assert buckets.take("alice", 0, 7) == 400
    assert buckets.take("alice", 0, 3) == 0
    assert buckets.take("bob", 0, 1_000) == 0, "what costs more than a bucket holds takes all of it"
    assert buckets.take("bob", 0) == 100


@given(
    st.integers(1, 50),
    st.integers(1, 20_000),
    st.lists(st.tuples(st.integers(0, 3_000), st.integers(1, 5)), max_size=60),
)
def test_never_more_and_never_less(count: int, period: int, steps: list[tuple[int, int]]) -> None:
    """Against the plain reckoning of a bucket's level, in exact parts."""
    buckets = Buckets(count, period)
    now, level = 0, count * period
    for pause, cost in steps:
        now += pause
        level = min(count * period, level + pause * count)
        needed = min(cost, count) * period
        wait = buckets.take("alice", now, cost)
        if needed <= level:
            assert wait == 0
            level -= needed
        else:
            assert wait == -(-(needed - level) // count) > 0


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 30)), max_size=100))
def test_memory_is_bounded(steps: list[tuple[int, int]]) -> None:
    buckets = Buckets(2, 1_000, kept=8)
    now = 0
    for pause, user in steps:
        now += pause
        buckets.take(f"user-{user}", now)
        assert len(buckets) <= 8


def test_who_did_nothing_for_long_is_forgotten() -> None:
    buckets = Buckets(10, 1_000)
    for number in range(1_000):
        buckets.take(f"user-{number}", number)
        assert len(buckets) <= 101
