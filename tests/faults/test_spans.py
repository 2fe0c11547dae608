"""Sets of moments."""

from __future__ import annotations

from tests.faults.spans import Spans

SPANS = Spans([(10, 20), (20, 30), (40, 50), (60, 60)])


def test_what_touches_is_joined_and_what_is_empty_is_left_out() -> None:
    assert list(SPANS) == [(10, 30), (40, 50)]


def test_the_end_is_not_in_a_span() -> None:
    assert SPANS.covers(10, 29)
    assert not SPANS.covers(10, 30)
    assert SPANS.meets(30, 40)
    assert not SPANS.meets(30, 39)
    assert not SPANS.meets(50, 60)


def test_algebra() -> None:
    assert list(SPANS | Spans([(25, 45)])) == [(10, 50)]
    assert list(SPANS & Spans([(25, 45)])) == [(25, 30), (40, 45)]
