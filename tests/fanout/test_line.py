"""A line tells loss by numbers alone."""

from __future__ import annotations

import pytest

from sse_presence.domain.message import Message
from sse_presence.fanout.line import SILENCE, Heard, Line


def message(seq: int, incarnation: str = "first", *, mark: bool = False, time: int = 0) -> Message:
    return Message(incarnation, seq, time, mark, (), (), ())


@pytest.fixture
def line() -> Line:
    line = Line()
    line.begin("first", 10, 1_000)
    return line


def test_the_next_number_is_whole(line: Line) -> None:
    assert [line.hear(message(seq)) for seq in (11, 12, 13)] == [Heard.NEXT] * 3


def test_what_a_reading_already_covers_is_no_hole(line: Line) -> None:
    assert [line.hear(message(seq)) for seq in (9, 10, 11)] == [Heard.NEXT] * 3


def test_a_skipped_number_is_a_hole_once(line: Line) -> None:
    assert [line.hear(message(seq)) for seq in (12, 13)] == [Heard.HOLE, Heard.NEXT]


def test_another_incarnation_and_what_the_former_one_still_says(line: Line) -> None:
    assert line.hear(message(1, "second")) is Heard.OTHER
    line.begin("second", 1, 2_000)
    assert line.hear(message(11)) is Heard.LATE
    assert line.hear(message(2, "second")) is Heard.NEXT


def test_only_marks_move_the_position_and_never_back(line: Line) -> None:
    line.hear(message(11, time=5_000))
    assert line.latest == 1_000
    line.hear(message(12, time=6_000, mark=True))
    line.hear(message(13, time=5_500, mark=True))
    assert line.latest == 6_000
    line.begin("first", 13, 4_000)
    assert line.latest == 6_000


def test_silence_is_counted_between_marks(line: Line) -> None:
    assert not any(line.second() for _ in range(SILENCE - 1))
    line.hear(message(11, time=5_000))
    assert line.second()
    line.hear(message(12, mark=True))
    assert not line.second()


def test_a_line_that_is_not_heard_does_not_go_silent() -> None:
    line = Line()
    assert not any(line.second() for _ in range(20))


def test_every_gap_begins_another_era(line: Line) -> None:
    eras = [line.era]
    for gap in (line.miss, line.end, lambda: line.begin("first", 20, 0)):
        gap()
        eras.append(line.era)
    assert len(set(eras)) == 4
