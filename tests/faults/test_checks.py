"""The checks find what is wrong, and only that: invented histories, right and broken."""

from __future__ import annotations

import pytest

from tests.faults.history import UNKNOWN, Kind
from tests.faults.invented import BEGIN, IDLE, OFFLINE, ONLINE, Invented

BEATS = range(10)


@pytest.fixture
def life() -> Invented:
    """Alice beats from 0 to 9, is idle 4 s later, and gone 8 s after the last beat; the watcher is told."""
    life = Invented()
    life.beats(*BEATS)
    life.snapshot(0.5, ONLINE)
    life.pings(2, 12)
    life.answers(5, ONLINE)
    life.tells(13.2, "presence", users=[IDLE])
    life.pings(14, 17)
    life.answers(16.9, IDLE)
    life.answers(17.1, OFFLINE)
    life.tells(17.4, "presence", users=[OFFLINE])
    life.pings(18, 28)
    life.ends(28)
    return life


def test_a_right_history_breaks_no_promise(life: Invented) -> None:
    assert life.verdict() == []


def test_offline_in_a_query_while_beats_are_accepted(life: Invented) -> None:
    life.answers(8, OFFLINE, node=1)
    assert "no false offline" in life.promises()


def test_offline_on_a_stream_while_beats_are_accepted(life: Invented) -> None:
    life.tells(7, "presence", users=[OFFLINE | {"version": 2}])
    life.tells(7.5, "presence", users=[ONLINE | {"version": 3}])
    life.ends(28)
    assert "no false offline" in life.promises()


def test_a_ghost_in_a_query(life: Invented) -> None:
    life.answers(17.2, IDLE, node=1)
    assert "no ghost" in life.promises()


def test_a_ghost_on_a_stream() -> None:
    life = Invented()
    life.beats(*BEATS)
    life.snapshot(0.5, ONLINE)
    life.tells(13.2, "presence", users=[IDLE])
    life.pings(2, 28)
    life.ends(28)
    assert life.promises() == {"no ghost"}


def test_beats_without_an_answer_prove_nothing() -> None:
    life = Invented()
    life.beats(*BEATS, code=UNKNOWN)
    life.answers(5, ONLINE)
    life.answers(5.1, OFFLINE)
    assert "no false offline" not in life.promises()
    assert "no ghost" not in life.promises()


def test_an_outage_of_ours_is_no_reason_to_be_offline(life: Invented) -> None:
    life.breaks("store frozen", 9.5, 20)
    life.history.queries.clear()
    life.answers(21, OFFLINE)
    assert "no false offline" in life.promises()


def test_a_short_freeze_is_no_outage(life: Invented) -> None:
    life.breaks("store frozen", 14, 17.05)
    assert life.promises() <= {"no refusal without cause"}


def test_only_an_outage_that_surely_lasted_gives_a_new_life(life: Invented) -> None:
    life.breaks("store demoted", 9.5, 20)
    begin, end = BEGIN + 9_500, BEGIN + 20_000
    life.history.faults[-1].sure = begin, begin + 4_000
    life.history.queries.clear()
    life.answers(21, OFFLINE)
    assert "no false offline" not in life.promises()
    life.history.faults[-1].sure = begin, end
    assert "no false offline" in life.promises()


def test_a_replica_that_takes_over_may_lack_what_was_accepted() -> None:
    life = Invented()
    life.beats(*BEATS)
    life.breaks("replica behind", 5, 7)
    life.snapshot(0.5, ONLINE)
    life.tells(5.5, "stale", since=BEGIN + 5_000)
    life.snapshot(7.3, ONLINE | {"version": 0}, settling_ms=8_000)
    life.tells(7.3, "fresh")
    life.tells(7.6, "presence", users=[ONLINE])
    life.answers(6.9, OFFLINE | {"version": 0}, settling=8_000)
    life.pings(2, 13)
    life.ends(13)
    assert life.promises() == set()
    life.answers(8.9, OFFLINE, settling=7_000)
    assert "no false offline" in life.promises(), "she was taken by the new master"


def test_another_clock_may_delay_what_was_due_at_a_failover() -> None:
    life = Invented()
    life.history.exact = False
    life.beats(*BEATS)
    life.signals(Kind.STATUS, 1, status="dnd", expires_in=3_000)
    life.breaks("master killed", 3, 9)
    life.history.queries.clear()
    busy = ONLINE | {"status": "dnd", "version": 7, "until": BEGIN + 4_010}
    life.answers(9.9, busy)
    assert life.promises() == set()
    life.answers(12.5, busy)
    assert "no dnd without cause" in life.promises()


def test_leaving_is_a_reason(life: Invented) -> None:
    life.history.queries.clear()
    life.stream.told.clear()
    life.signals(Kind.LEAVE, 9.5)
    life.answers(10.9, ONLINE)
    life.answers(11.1, OFFLINE)
    assert "no false offline" not in life.promises()
    life.answers(11.2, ONLINE, node=1)
    assert "no ghost" in life.promises()


def test_idle_without_cause(life: Invented) -> None:
    life.answers(6, ONLINE | {"status": "idle"}, node=1)
    assert "no idle without cause" in life.promises()


def test_a_choice_shows_and_ends(life: Invented) -> None:
    life.signals(Kind.STATUS, 1, status="dnd", expires_in=3_000)
    busy = ONLINE | {"status": "dnd", "version": 7, "until": BEGIN + 4_010}
    life.answers(2, busy)
    life.answers(4.5, busy, node=1)
    assert {"overrides end", "no dnd without cause"} <= life.promises()


def test_invisible_users_look_gone(life: Invented) -> None:
    life.history.queries.clear()
    life.stream.told.clear()
    life.signals(Kind.STATUS, 3, status="invisible")
    life.answers(4, ONLINE)
    life.answers(5, OFFLINE)
    assert "no ghost" not in life.promises()
    life.answers(6, ONLINE | {"version": 3})
    assert "no ghost" in life.promises()


@pytest.mark.parametrize(
    ("record", "promise"),
    [
        (ONLINE | {"version": 0}, "no version back"),
        (ONLINE, "no unchanged record twice"),
        (ONLINE | {"devices": ["bot"]}, "one content a version"),
        (ONLINE | {"version": 2}, "one delta a change"),
    ],
)
def test_wrong_orders_on_a_stream(life: Invented, record: dict[str, object], promise: str) -> None:
    life.tells(4, "presence", users=[record])
    life.ends(28)
    assert promise in life.promises()


def test_a_snapshot_may_go_back(life: Invented) -> None:
    life.breaks("flushed", 4, 4)
    life.stream.told = life.stream.told[:3]
    life.snapshot(4.3, ONLINE | {"version": 0}, settling_ms=8_000)
    life.tells(5.2, "presence", users=[ONLINE])
    life.pings(6, 12)
    life.ends(12)
    life.history.queries.clear()
    assert life.promises() == set()


def test_a_loss_of_the_store_is_told(life: Invented) -> None:
    life.breaks("flushed", 1, 1)
    life.history.queries.clear()
    life.answers(8, ONLINE)
    assert "settling is told" in life.promises()


def test_nobody_is_shown_leaving_because_the_store_lost_all(life: Invented) -> None:
    life.breaks("flushed", 4, 4)
    life.history.queries.clear()
    life.stream.told = life.stream.told[:3]
    life.snapshot(4.3, OFFLINE | {"version": 0}, settling_ms=8_000)
    life.pings(6, 12)
    life.ends(12)
    assert life.promises() == {"no false offline"}


def test_silence_and_sudden_ends(life: Invented) -> None:
    life.stream.told = [told for told in life.stream.told if told.name != "ping"]
    life.ends(28, "broke off", goodbye=False)
    life.stream.told.pop()
    assert {"no silence over the ping", "no end without goodbye"} <= life.promises()


def test_a_killed_node_need_not_say_goodbye(life: Invented) -> None:
    life.breaks("node killed", 28, 30, 0)
    life.stream.told.pop()
    life.stream.ending = "broke off"
    assert life.verdict() == []


def test_requests_that_hang_or_fail(life: Invented) -> None:
    life.signals(Kind.HEARTBEAT, 2.1, 503, idle_ms=0)
    life.signals(Kind.HEARTBEAT, 2.2, 500, idle_ms=0)
    life.signals(Kind.HEARTBEAT, 2.3, UNKNOWN, idle_ms=0)
    life.signals(Kind.LEAVE, 9.2, took=6)
    assert {
        "503 says when to retry",
        "only 200 and 503",
        "every request is answered",
        "no request hangs",
    } <= life.promises()


def _typing(*users: str) -> list[dict[str, object]]:
    listed = [{"user": user, "expires_in": 4_000} for user in users]
    return [{"channel": "talk", "typing": listed, "count": len(listed)}]


def test_typing_is_told_and_ends(life: Invented) -> None:
    life.signals(Kind.TYPING, 1, channel="talk", typing=True)
    life.tells(1.2, "typing", channels=_typing("alice"))
    life.ends(28)
    assert life.verdict() == []


def test_typing_that_is_not_told(life: Invented) -> None:
    for moment in range(1, 9):
        life.signals(Kind.TYPING, moment, channel="talk", typing=True)
    assert life.promises() == {"typing is told"}


@pytest.mark.parametrize("told", [True, False])
def test_typing_is_told_after_records_when_a_watcher_returns(*, told: bool) -> None:
    life = Invented()
    life.beats(*BEATS)
    for moment in BEATS:
        life.signals(Kind.TYPING, moment + 0.5, channel="talk", typing=True)
    life.snapshot(0.2, OFFLINE | {"version": 0})
    life.ends(0.3)
    life.reconnects(6)
    life.tells(6, "hello", resumed=True)
    life.tells(6, "presence", users=[ONLINE])
    if told:
        life.tells(6.2, "typing", channels=_typing("alice"))
    life.pings(6, 13)
    life.ends(12)
    assert life.promises() == (set() if told else {"typing is told"})


def test_typing_that_does_not_end(life: Invented) -> None:
    life.signals(Kind.TYPING, 1, channel="talk", typing=True)
    life.signals(Kind.TYPING, 1.5, channel="talk", typing=False)
    life.tells(6, "typing", channels=_typing("alice"))
    life.ends(28)
    assert life.promises() == {"typing ends"}


def test_own_typing_is_never_told(life: Invented) -> None:
    life.tells(3, "typing", channels=_typing("watcher"))
    life.ends(28)
    assert life.promises() == {"no own typing"}


def test_members_of_a_channel_add_up(life: Invented) -> None:
    life.tells(3, "channel", channels=[{"channel": "talk", "count": 1, "members": ["alice"]}])
    life.tells(4, "channel", channels=[{"channel": "talk", "count": 1, "joined": ["bob"], "left": ["alice"]}])
    life.ends(28)
    assert life.promises() == set()
    life.tells(5, "channel", channels=[{"channel": "talk", "count": 2, "joined": ["bob"], "left": []}])
    life.tells(6, "channel", channels=[{"channel": "news", "count": 1, "joined": ["bob"], "left": []}])
    life.ends(28)
    assert life.promises() == {"members add up", "all members first"}


def test_nodes_that_disagree(life: Invented) -> None:
    life.answers(6, ONLINE | {"devices": ["mobile"]}, node=1)
    assert life.promises() == {"one content a version"}


def test_a_query_that_goes_back(life: Invented) -> None:
    life.answers(8, ONLINE | {"version": 5})
    life.answers(9, ONLINE | {"version": 4, "devices": ["bot"]}, node=1)
    assert "no version back" in life.promises()


def test_a_query_from_before_the_store_lost_all_may_be_answered_after_it(life: Invented) -> None:
    life.breaks("flushed", 4, 4.01)
    life.history.queries.clear()
    life.answers(4.02, ONLINE, took=0.03)
    life.answers(4.3, ONLINE | {"version": 0}, settling=8_000)
    assert "no version back" not in life.promises()


def test_a_change_that_is_never_told(life: Invented) -> None:
    life.answers(5.5, ONLINE | {"version": 2, "activity": "in_call"})
    assert "every change is told" in life.promises()


def test_an_outage_makes_nobody_idle(life: Invented) -> None:
    life.breaks("store frozen", 9.5, 16)
    life.history.queries.clear()
    life.answers(16.5, IDLE)
    assert "no idle without cause" in life.promises()
