"""The rules by example: how long a device lives, when it is active, and what its user is."""

from __future__ import annotations

import pytest

from sse_presence.domain.signal import LONGEST_IDLE, Choice, Heartbeat, Leave
from tests.domain.person import Person

IDLE = 120_000
HIDDEN_IDLE = 30_000


def ends(person: Person, after: int) -> None:
    """The user is offline `after` milliseconds from now, and not one earlier."""
    assert person.wait(after - 1).status != "offline"
    assert person.wait(1).status == "offline"


# Life


@pytest.mark.parametrize("interval", [5_000, 15_000, 60_000])
def test_a_device_is_dead_at_its_deadline(interval: int) -> None:
    ends(Person().beat(interval=interval), 3 * interval)


def test_each_signal_is_a_fresh_life() -> None:
    ends(Person().beat().wait(44_999).beat(), 45_000)


def test_a_signal_after_the_deadline_meets_a_user_who_was_gone() -> None:
    """Though nobody looked meanwhile: what the old device was is forgotten."""
    person = Person().beat(seq=7, activity="in_call", idle_ms=IDLE).wait(45_000)
    assert person.take(Heartbeat(device="laptop", interval=15_000, idle_ms=16_000, seq=1)) is None
    assert person.device().idle is False


@pytest.mark.parametrize(
    ("spent", "left"),
    [(0, 10_000), (30_000, 10_000), (35_000, 10_000), (40_000, 5_000), (44_999, 1)],
    ids=str,
)
def test_leaving_leaves_the_grace_and_never_lengthens_a_life(spent: int, left: int) -> None:
    ends(Person().beat().wait(spent).leave(), left)


def test_leaving_twice_changes_nothing() -> None:
    ends(Person().beat().leave().wait(9_000).leave(), 1_000)


@pytest.mark.parametrize("event", ["renew", "close"])
def test_a_stream_does_not_take_a_leave_back(event: str) -> None:
    ends(getattr(Person().beat().leave().wait(1_000), event)().renew(), 9_000)


@pytest.mark.parametrize("event", ["beat", "type"])
def test_a_signal_takes_a_leave_back(event: str) -> None:
    ends(getattr(Person().beat().leave().wait(1_000), event)(), 45_000)
    ends(getattr(Person().beat().leave(), event)().wait(15_000).renew(), 45_000)


@pytest.mark.parametrize(
    ("grace", "interval", "spent", "left"),
    [
        (10_000, 5_000, 0, 10_000),  # the grace is the longer
        (10_000, 15_000, 0, 20_000),  # one interval and a margin is the longer
        (40_000, 15_000, 0, 40_000),
        (10_000, 15_000, 42_000, 3_000),  # never a longer life
        (0, 15_000, 0, 20_000),
    ],
)
def test_a_closed_stream_leaves_time_for_one_more_heartbeat(
    grace: int, interval: int, spent: int, left: int
) -> None:
    ends(Person(grace=grace).beat(interval=interval).wait(spent).close(), left)


def test_a_new_stream_takes_a_close_back() -> None:
    ends(Person().beat().close().wait(5_000).renew(), 45_000)


@pytest.mark.parametrize(
    ("interval", "spent", "left"),
    [
        (15_000, 30_000, 45_000),
        (15_000, 44_999, 45_000),
        (60_000, 100_000, 80_000),  # up to the ceiling of 180 s after the last signal
        (60_000, 179_999, 1),
    ],
)
def test_a_stream_renews_up_to_the_ceiling(interval: int, spent: int, left: int) -> None:
    ends(Person().beat(interval=interval).wait(spent).renew(), left)


def test_a_stream_alone_ends_at_the_ceiling() -> None:
    person = Person().beat()
    for _ in range(11):
        person.wait(15_000).renew()
    ends(person, 15_000)


def test_a_renewal_never_shortens() -> None:
    ends(Person(renewal_ceiling=45_000).beat(interval=60_000).wait(1_000).renew(), 179_000)


@pytest.mark.parametrize("event", ["renew", "close", "leave", "type"])
def test_only_a_heartbeat_makes_a_device(event: str) -> None:
    person = getattr(Person(), event)()
    assert (person.public.version, person.user.real.devices) == (0, {})


def test_one_device_too_many_drops_the_one_that_signalled_longest_ago() -> None:
    person = Person(max_devices=3).beat("a").wait(1).beat("b").wait(1).beat("c").wait(1).beat("a").wait(1)
    assert set(person.beat("d").user.real.devices) == {"a", "c", "d"}


def test_of_equally_old_devices_the_lowest_id_is_dropped_and_never_the_newcomer() -> None:
    person = Person(max_devices=2).beat("c").beat("b").beat("a")
    assert set(person.user.real.devices) == {"a", "c"}


def test_a_dropped_device_leaves_its_last_activity() -> None:
    person = Person(max_devices=1, precision=1_000).beat("a").wait(1_000).beat("b", idle_ms=IDLE).wait(45_000)
    assert person.public.last_seen == person.now - 46_000


# Activity


@pytest.mark.parametrize(
    ("visible", "idle_ms", "status"),
    [
        (True, 0, "online"),
        (True, IDLE - 1, "online"),
        (True, IDLE, "idle"),
        (False, 0, "online"),
        (False, HIDDEN_IDLE - 1, "online"),
        (False, HIDDEN_IDLE, "idle"),
    ],
)
def test_idle_from_the_limit_on(visible: bool, idle_ms: int, status: str) -> None:  # noqa: FBT001 - a table
    assert Person().beat(visible=visible, idle_ms=idle_ms).status == status


@pytest.mark.parametrize(("visible", "limit"), [(True, IDLE), (False, HIDDEN_IDLE)])
def test_a_device_ages_by_itself(visible: bool, limit: int) -> None:  # noqa: FBT001 - a table
    person = Person().beat(visible=visible, interval=60_000)
    assert person.wait(limit - 1).status == "online"
    assert person.wait(1).status == "idle"


def test_hidden_may_be_idle_at_once() -> None:
    assert Person(hidden_idle_after=0).beat(visible=False).status == "idle"


def test_the_latest_idle_ms_counts_while_active() -> None:
    person = Person().beat(interval=60_000).wait(1_000).beat(interval=60_000, idle_ms=100_000)
    assert person.wait(19_999).status == "online"
    assert person.wait(1).status == "idle"


@pytest.mark.parametrize(
    ("idle_ms", "taken"), [(-5, 0), (0, 0), (LONGEST_IDLE, LONGEST_IDLE), (10**15, LONGEST_IDLE)]
)
def test_idle_ms_is_clamped(idle_ms: int, taken: int) -> None:
    person = Person().beat(idle_ms=idle_ms)
    assert person.device().input_at == person.now - taken


@pytest.mark.parametrize(
    ("idle_ms", "visible", "status"),
    [
        (0, True, "online"),
        (15_000, True, "online"),  # at most one interval ago: there was input since the last heartbeat
        (15_001, True, "idle"),
        (IDLE - 1, True, "idle"),  # would be active, were it not idle already
        (0, False, "online"),
    ],
)
def test_what_heartbeat_wakes_an_idle_device(idle_ms: int, visible: bool, status: str) -> None:  # noqa: FBT001
    assert Person().beat(idle_ms=IDLE).wait(1_000).beat(idle_ms=idle_ms, visible=visible).status == status


def test_what_is_woken_ages_by_the_rule() -> None:
    """Input 40 s ago is within this interval, but too long ago for a hidden device."""
    person = Person().beat(interval=60_000, idle_ms=IDLE)
    assert person.beat(interval=60_000, idle_ms=40_000, visible=False).status == "idle"


def test_showing_a_tab_is_no_input() -> None:
    person = Person().beat(visible=False, idle_ms=HIDDEN_IDLE)
    assert person.wait(1_000).beat(visible=True, idle_ms=HIDDEN_IDLE + 1_000).status == "idle"


def test_hiding_an_active_device_may_make_it_idle() -> None:
    assert Person().beat(idle_ms=HIDDEN_IDLE).beat(idle_ms=HIDDEN_IDLE, visible=False).status == "idle"


def test_typing_wakes_and_its_end_does_not() -> None:
    person = Person().beat(idle_ms=IDLE)
    assert person.type(typing=False).status == "idle"
    assert person.type().status == "online"


def test_the_end_of_typing_is_no_input() -> None:
    assert Person().beat(idle_ms=IDLE - 1_000).type(typing=False).wait(1_000).status == "idle"


@pytest.mark.parametrize("event", ["renew", "close", "leave", "look"])
def test_nothing_else_wakes(event: str) -> None:
    assert getattr(Person().beat(idle_ms=IDLE), event)().status == "idle"


def test_an_idle_device_keeps_the_time_of_its_last_input() -> None:
    person = Person().beat(idle_ms=IDLE)
    input_at = person.device().input_at
    assert person.wait(1_000).beat(idle_ms=20_000).device().input_at == input_at


# The order of signals


@pytest.mark.parametrize(
    ("seq", "newer"), [(4, 5), (0, 5), (5, None), (6, None), (None, None)], ids=["4", "0", "5", "6", "none"]
)
def test_a_lower_seq_is_stale_and_an_equal_one_a_retry(seq: int | None, newer: int | None) -> None:
    person = Person().beat(seq=5)
    before = person.wait(1_000).look().user
    for signal in (Heartbeat(device="laptop", interval=15_000, seq=seq), Leave(device="laptop", seq=seq)):
        person.user = before
        assert person.take(signal) == newer
        assert (person.user == before) == (newer is not None)


def test_a_signal_without_seq_does_not_forget_it() -> None:
    person = Person().beat(seq=5).beat().leave()
    assert person.take(Heartbeat(device="laptop", interval=15_000, seq=4)) == 5


def test_heartbeats_and_leaves_are_ordered_together() -> None:
    person = Person().beat(seq=1)
    assert person.take(Leave(device="laptop", seq=3)) is None
    assert person.take(Heartbeat(device="laptop", interval=15_000, seq=2)) == 3
    ends(person, 10_000)


def test_seq_is_of_one_device_and_forgotten_with_it() -> None:
    person = Person().beat(seq=5)
    assert person.take(Heartbeat(device="phone", interval=15_000, seq=1)) is None
    assert person.wait(45_000).take(Heartbeat(device="laptop", interval=15_000, seq=1)) is None


# Status

NONE, QUIET, ACTIVE = "no device", "idle device", "active device"
PAIRS = {
    (NONE, NONE): "offline",
    (NONE, QUIET): "idle",
    (NONE, ACTIVE): "online",
    (QUIET, NONE): "idle",
    (QUIET, QUIET): "idle",
    (QUIET, ACTIVE): "online",
    (ACTIVE, NONE): "online",
    (ACTIVE, QUIET): "online",
    (ACTIVE, ACTIVE): "online",
}


@pytest.mark.parametrize("chosen", [None, "online", "idle", "dnd", "invisible"])
@pytest.mark.parametrize(("pair", "derived"), PAIRS.items(), ids=map(" + ".join, PAIRS))
def test_status(pair: tuple[str, str], derived: str, chosen: Choice | None) -> None:
    """No device: offline; else what was chosen; else online if any device is active."""
    person = Person()
    for device, state in zip(("a", "b"), pair, strict=True):
        if state != NONE:
            person.beat(device, idle_ms=IDLE if state == QUIET else 0)
    if chosen is not None:
        person.choose(chosen, text="some text")
    overrides = chosen not in {None, "online"} and derived != "offline"
    assert person.own.status == (chosen if overrides else derived)


# Outages of ours


def test_an_outage_is_followed_by_a_fresh_life() -> None:
    ends(Person().beat().wait(20_000).outage(60_000), 45_000)


def test_who_was_dead_when_it_began_stays_dead() -> None:
    assert Person().beat().wait(45_000).outage(60_000).status == "offline"
    assert Person().beat().wait(44_999).outage(60_000).status == "online"


@pytest.mark.parametrize(("event", "left"), [("leave", 10_000), ("close", 20_000)])
def test_whoever_was_going_is_not_forgiven(event: str, left: int) -> None:
    person = getattr(Person().beat(), event)()
    assert person.outage(left).status == "offline"


def test_active_stays_active_for_one_interval() -> None:
    person = Person().beat().outage(300_000)
    assert person.status == "online"
    assert person.wait(14_999).status == "online"
    assert person.wait(1).status == "idle"


def test_a_signal_after_it_tells_the_truth_at_once() -> None:
    assert Person().beat().outage(300_000).beat(idle_ms=300_000).status == "idle"
    assert Person().beat().outage(300_000).type(typing=False).status == "idle"


def test_it_wakes_nobody() -> None:
    assert Person().beat(idle_ms=IDLE).outage(60_000).status == "idle"


def test_an_override_ends_in_it() -> None:
    assert Person().beat().choose("dnd", expires_in=30_000).outage(60_000).status == "online"


def test_each_outage_is_applied_once() -> None:
    """What a device said after it stands."""
    person = Person().beat().outage(60_000).beat(idle_ms=IDLE - 1_000).wait(1_000)
    assert person.status == "idle"
    ends(person.outage(60_000), 45_000)
