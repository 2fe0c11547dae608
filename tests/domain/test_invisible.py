"""Invisible: what others see, what they do not, and what is left of it afterwards.

That it looks like having left under any history is shown in `test_ageing`.
"""

from __future__ import annotations

import pytest

from sse_presence.domain.signal import Choice
from tests.domain.person import START, Person, members


def unseen() -> Person:
    """Invisible, and for others gone by now."""
    person = Person(precision=1_000).beat().choose("invisible").wait(10_000)
    assert person.status == "offline"
    return person


def test_others_see_a_leave_and_its_grace() -> None:
    hidden, gone = Person().beat().choose("invisible"), Person().beat().leave()
    for wait in (0, 9_999, 1, 500_000):
        assert hidden.wait(wait).public == gone.wait(wait).public
    assert hidden.status == "offline"


def test_they_see_the_last_choice_until_then() -> None:
    person = Person().beat().choose("dnd", text="away", expires_in=5_000).choose("invisible")
    assert person.status == "dnd"
    assert person.wait(5_000).status == "online"
    assert person.wait(5_000).status == "offline"


def test_the_user_sees_itself_as_it_is() -> None:
    person = Person().beat().choose("invisible", text="reading", expires_in=60_000)
    choice = {"status": "invisible", "text": "reading", "until": START + 60_000}
    assert members(person.own) == {**choice, "devices": ["web"], "override": choice}
    assert members(person.wait(45_000).own) == {"status": "offline", "override": choice}


def test_devices_that_come_meanwhile_are_not_seen() -> None:
    assert unseen().beat("phone", kind="mobile", activity="driving").status == "offline"


def test_choosing_it_again_changes_nothing_for_others() -> None:
    person = Person().beat().choose("invisible").wait(9_000).choose("invisible", text="still")
    assert person.wait(999).status == "online"
    assert person.wait(1).status == "offline"


def test_choosing_it_while_offline_is_not_seen() -> None:
    person = Person().beat().wait(45_000)
    before = person.public
    assert person.choose("invisible").public == before
    assert Person().choose("invisible").public.version == 0


@pytest.mark.parametrize("status", ["online", "dnd", "idle"])
def test_any_other_choice_ends_it(status: Choice) -> None:
    person = unseen().beat()
    version = person.public.version
    person.choose(status)
    assert (person.status, person.public.version) == (status, version + 1)


def test_it_ends_at_its_time() -> None:
    person = Person().beat(interval=60_000).choose("invisible", expires_in=30_000)
    assert person.wait(29_999).status == "offline"
    assert person.wait(1).status == "online"


def test_a_return_while_offline_leaves_no_trace() -> None:
    """Activity, versions, choices: nothing of it is told."""
    person = unseen()
    before = person.public
    person.wait(60_000).beat("phone").type("phone").wait(45_000).look()
    assert person.choose("online").public == before
    assert person.wait(1_000_000).public == before


def test_a_return_gives_away_no_time_of_input() -> None:
    """The last input was while invisible, so last-seen stays what it was before."""
    person = unseen().wait(60_000).beat().choose("online")
    assert person.status == "online"
    assert person.wait(45_000).public.last_seen == START


def test_nor_does_an_end_that_nobody_looked_at() -> None:
    person = Person(precision=1_000).beat().choose("invisible", expires_in=30_000).wait(20_000).beat()
    assert person.wait(45_000).public.last_seen == START


def test_nor_does_a_device_that_came_and_went() -> None:
    person = unseen().wait(60_000).beat("phone").wait(45_000).choose("online").beat(idle_ms=3_600_000)
    assert (person.status, person.public.last_seen) == ("idle", START)


def test_nor_does_a_return_long_forgotten() -> None:
    """An idle time that reaches back into the invisible one is not believed either."""
    person = Person(retention=1_000_000, precision=1_000).beat().choose("invisible").wait(40_000).beat()
    person.wait(10_000).choose("online").leave().wait(10_000).look().wait(1_000_000).look()
    assert person.public.last_seen == 0
    person.beat(idle_ms=person.now - START - 40_000)
    assert (person.status, person.public.last_seen) == ("idle", 0)


def test_input_after_the_return_counts() -> None:
    person = unseen().wait(60_000).beat().choose("online").wait(1_000).beat()
    assert person.wait(45_000).public.last_seen == START + 71_000


def test_input_after_an_end_by_time_counts() -> None:
    person = Person(precision=1_000).beat().choose("invisible", expires_in=30_000).wait(40_000).beat()
    assert person.wait(45_000).public.last_seen == START + 40_000


def test_retention_runs_from_what_others_saw() -> None:
    person = Person(retention=1_000_000).beat().choose("invisible").wait(10_000).look()
    for _ in range(100):
        person.wait(9_999).beat()
    assert person.public.last_seen == START
    assert person.wait(100).public.last_seen == 0


def test_what_nobody_sees_is_kept_from_its_own_last_change() -> None:
    """An invisible user who uses nothing for that long is forgotten, the choice included."""
    person = Person(retention=1_000_000).beat().choose("invisible").wait(45_000).look()
    assert person.wait(999_999).look().user.ghost is not None
    assert person.wait(1).look().user.ghost is None
    idle = person.now - START - 1
    assert (person.beat(idle_ms=idle).status, person.public.last_seen) == ("idle", 0)
