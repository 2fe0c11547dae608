"""Time, under any history: how often somebody looks makes no difference, and timers miss nothing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sse_presence.domain import rules as spec
from sse_presence.domain.model import Outage, User
from sse_presence.domain.signal import Leave, Override
from tests.domain.person import Event, Person, choices, device_events, histories, lived, waits

SHORT = 1_000_000
"""A retention that histories outlive."""

History = list[tuple[int, Event]]
lives = histories(device_events | choices)


def at(person: Person, time: int) -> User:
    """The state at a time, if nobody did anything until then."""
    return spec.at(person.user, time, person.outages, person.rules)


def looked_at(person: Person, time: int) -> User:
    """The state after a look at a time."""
    return spec.shown(at(person, time), time, time, person.rules)


@given(lives, st.lists(waits, max_size=8))
def test_ageing_in_one_step_equals_ageing_in_many(history: History, steps: list[int]) -> None:
    person = lived(history)
    stepwise = person.user
    for time in (person.now + sum(steps[:count]) for count in range(len(steps) + 1)):
        stepwise = spec.at(stepwise, time, person.outages, person.rules)
    assert stepwise == at(person, person.now + sum(steps))


@given(lives, st.lists(waits, max_size=8))
def test_looking_often_shows_the_same_in_the_end(history: History, steps: list[int]) -> None:
    """Only versions and times of change tell how often somebody looked."""
    once, often = lived(history), lived(history)
    for step in steps:
        often.wait(step).look()
    once.wait(sum(steps))
    for seen, expected in ((often.public, once.public), (often.own, once.own)):
        assert (seen.body, seen.last_seen) == (expected.body, expected.last_seen)


@given(lives, st.data())
def test_nothing_changes_before_the_next_timer(history: History, data: st.DataObject) -> None:
    person = lived(history, retention=SHORT).look()
    due = spec.next_timer(person.user, person.rules)
    latest = person.now + 10 * SHORT if due is None else due - 1
    assert latest >= person.now
    before = data.draw(st.sampled_from([latest, person.now]) | st.integers(person.now, latest))
    assert looked_at(person, before) == person.user


@given(lives)
def test_something_changes_at_the_next_timer(history: History) -> None:
    person = lived(history, retention=SHORT).look()
    due = spec.next_timer(person.user, person.rules)
    assert due is None or looked_at(person, due) != person.user


@given(lives)
def test_timers_come_to_an_end(history: History) -> None:
    """A user who does nothing more is forgotten after a handful of sweeps."""
    person = lived(history, retention=SHORT).look()
    for _ in range(20):
        due = spec.next_timer(person.user, person.rules)
        if due is None:
            break
        person.wait(due - person.now).look()
    assert spec.next_timer(person.user, person.rules) is None
    assert (person.status, person.public.last_seen) == ("offline", 0)


@given(lives, st.integers(-4_999, 60_000), st.integers(5_001, 600_000), waits)
def test_an_outage_shortens_nobodys_life(history: History, begin: int, duration: int, wait: int) -> None:
    """Nor makes anybody idle who would not be."""
    person = lived(history)
    outage = Outage(begin=person.now + begin, end=person.now + begin + duration)
    now = max(person.now, outage.end) + wait
    without = spec.at(person.user, now, [], person.rules).real.devices
    forgiven = spec.at(person.user, now, [outage], person.rules).real.devices
    for name, device in without.items():
        assert forgiven[name].deadline >= device.deadline
        assert forgiven[name].idle <= device.idle


@given(lives, histories(device_events), waits)
def test_invisible_looks_like_having_left(before: History, meanwhile: History, wait: int) -> None:
    """Whatever an invisible user does, others see what they would see of one whose devices had left."""
    visible = [(pause, event) for pause, event in before if getattr(event, "status", "") != "invisible"]
    hidden, gone = lived(visible, retention=SHORT), lived(visible, retention=SHORT)
    hidden.take(Override(status="invisible"))
    for device in list(gone.user.real.devices):
        gone.take(Leave(device=device))
    for pause, event in meanwhile:
        hidden.wait(pause).take(event)
        gone.wait(pause).look()
        assert hidden.user.public == gone.user.public
        if hidden.user.ghost is None:
            return  # offline so long that its choice is not kept any more
    assert hidden.wait(wait).public == gone.wait(wait).public
