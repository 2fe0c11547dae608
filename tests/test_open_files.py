"""Room for streams is what the limit of open files leaves, and the limit is raised where that is allowed."""

from __future__ import annotations

import resource

import pytest

from sse_presence import open_files


@pytest.mark.parametrize(
    ("limit", "streams"),
    [(256, 128), (1_024, 896), (20_000, 18_000), (64, 1), (resource.RLIM_INFINITY, 1_932_735_284)],
)
def test_streams_leave_room_for_other_connections(
    limit: int, streams: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda _: (limit, limit))
    assert open_files.room() == streams


def test_a_process_takes_what_it_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[tuple[int, int]] = []
    monkeypatch.setattr("resource.getrlimit", lambda _: (1_024, 4_096))
    monkeypatch.setattr("resource.setrlimit", lambda _, limits: taken.append(limits))
    open_files.raise_limit()
    assert taken == [(4_096, 4_096)]


def test_a_system_that_does_not_grant_what_it_names_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise ValueError

    monkeypatch.setattr("resource.setrlimit", refuse)
    open_files.raise_limit()
