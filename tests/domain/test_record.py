"""What a record says over time: choices and their end, versions, last-seen and retention."""

from __future__ import annotations

import pytest

from sse_presence.domain.signal import Choice
from tests.domain.person import START, Person, members

RETENTION = 1_000_000
PRECISION = 300_000
IDLE = 120_000

# Choices


@pytest.mark.parametrize("status", ["dnd", "idle"])
def test_a_choice_counts_more_than_devices(status: Choice) -> None:
    assert Person().beat().choose(status).status == status


@pytest.mark.parametrize("event", ["beat", "type", "renew", "close", "leave"])
def test_no_automatic_signal_changes_a_choice(event: str) -> None:
    assert getattr(Person().beat().choose("dnd"), event)().status == "dnd"


def test_a_choice_keeps_no_device_alive() -> None:
    assert Person().beat().wait(44_999).choose("dnd").wait(1).status == "offline"


def test_it_outlives_a_night() -> None:
    person = Person().beat().choose("dnd", text="away").wait(45_000)
    assert person.record == {"status": "offline"}
    assert members(person.own)["override"] == {"status": "dnd", "text": "away"}
    assert person.wait(30_000_000).beat().record == {"status": "dnd", "text": "away", "devices": ["web"]}


def test_it_ends_at_its_time_with_one_change() -> None:
    person = Person().beat(interval=60_000).choose("dnd", text="back soon", expires_in=30_000)
    assert person.record["until"] == START + 30_000
    version = person.public.version
    assert person.wait(29_999).status == "dnd"
    assert person.wait(1).record == {"status": "online", "devices": ["web"]}
    assert person.public.version == version + 1


def test_text_and_emoji_need_no_other_status() -> None:
    person = Person().beat().choose("online", text="hello", emoji="🎧")
    assert person.record == {"status": "online", "text": "hello", "emoji": "🎧", "devices": ["web"]}


def test_a_choice_replaces_the_whole_of_the_last() -> None:
    person = Person().beat().choose("dnd", text="away", emoji="🎧", expires_in=1_000).choose("idle")
    assert person.record == {"status": "idle", "devices": ["web"]}
    assert person.wait(1_000).status == "idle"


@pytest.mark.parametrize("text", [None, ""])
def test_online_and_nothing_else_ends_a_choice(text: str | None) -> None:
    person = Person().beat().choose("dnd", text="away").choose("online", text=text, emoji=text)
    assert person.user.real.chosen is None
    assert "override" not in members(person.own)


# Versions


def test_each_change_is_one_version() -> None:
    person = Person()
    assert person.public.version == 0
    assert person.beat().public.version == 1
    assert person.beat().public.version == 1
    assert person.choose("dnd").public.version == 2
    assert person.choose("dnd").public.version == 2
    assert person.choose("online", text="hello").public.version == 3
    assert person.beat("phone", kind="mobile").public.version == 4
    assert person.wait(44_999).public.version == 4
    assert person.wait(1).public.version == 5


def test_only_the_net_difference_counts() -> None:
    """Idle from the second minute on, and awake again before anybody looked."""
    person = Person().beat(interval=60_000).wait(IDLE).beat(interval=60_000)
    assert (person.status, person.public.version) == ("online", 1)


def test_an_unchanged_record_is_the_same_value() -> None:
    person = Person().beat()
    assert person.wait(1_000).beat().public == person.wait(1_000).beat().public
    assert person.public.changed == START


# Last seen


@pytest.mark.parametrize("idle_ms", [0, 1, 299_999 - IDLE])
def test_it_is_rounded_down_to_a_clock_boundary(idle_ms: int) -> None:
    """Nothing tells apart who left the keyboard within the same five minutes."""
    person = Person().wait(299_999).beat(idle_ms=IDLE + idle_ms)
    assert (person.status, person.public.last_seen) == ("idle", START)


def test_a_boundary_belongs_to_what_follows() -> None:
    assert Person().wait(PRECISION + IDLE).beat(idle_ms=IDLE).public.last_seen == START + PRECISION
    assert Person().wait(PRECISION + IDLE - 1).beat(idle_ms=IDLE).public.last_seen == START


@pytest.mark.parametrize("status", ["online", "dnd", "invisible"])
def test_only_the_absent_have_one(status: Choice) -> None:
    person = Person().beat().choose(status)
    assert (person.own.status, person.own.last_seen) == (status, 0)


def test_it_is_frozen_at_the_transition() -> None:
    """Devices come and go, and each had its last input at another time."""
    person = Person(precision=1_000).beat("a", idle_ms=IDLE).wait(1_000)
    person.beat("b", idle_ms=IDLE, kind="mobile").wait(44_000)
    assert person.record == {"status": "idle", "devices": ["mobile"]}
    assert person.public.last_seen == START - IDLE


def test_going_offline_takes_the_latest_activity_of_all_devices() -> None:
    person = Person(precision=1_000).beat("a").wait(5_000).beat("b").wait(1_000).beat("a", idle_ms=30_000)
    assert person.wait(45_000).public.last_seen == START + 5_000


def test_it_may_be_hidden() -> None:
    assert Person(precision=0).beat().wait(45_000).public.last_seen == 0


# Retention


def offline() -> Person:
    """Offline as of now, with a last-seen and a choice."""
    person = Person(retention=RETENTION).beat().choose("dnd").wait(45_000).look()
    assert person.public.last_seen == START
    return person


def test_a_record_is_kept_for_the_retention() -> None:
    person = offline()
    version = person.public.version
    assert person.wait(RETENTION - 1).public.last_seen == START
    assert person.wait(1).public.last_seen == 0
    assert person.public.version == version + 1
    assert person.wait(10 * RETENTION).public.version == version + 1


def test_a_choice_is_kept_as_long() -> None:
    assert offline().wait(RETENTION - 1).beat().status == "dnd"
    assert offline().wait(RETENTION).look().beat().status == "online"


def test_choosing_anew_keeps_both() -> None:
    person = offline().wait(RETENTION - 1).choose("idle")
    assert person.wait(RETENTION - 1).public.last_seen == START
    assert person.wait(1).public.last_seen == 0
    assert person.beat().status == "online"


def test_a_choice_that_ends_meanwhile_puts_nothing_off() -> None:
    """Others do not see it end, so when last-seen goes must not depend on it."""
    person = Person(retention=RETENTION).beat().choose("dnd", expires_in=200_000).wait(45_000).look()
    person.wait(155_000).look()
    assert person.wait(RETENTION - 155_000 - 1).public.last_seen == START
    assert person.wait(1).public.last_seen == 0


def test_versions_go_on_after_it() -> None:
    person = offline().wait(RETENTION).look()
    version = person.public.version
    assert person.beat().public.version == version + 1


def test_who_is_there_is_not_forgotten() -> None:
    person = Person(retention=50_000).beat().choose("dnd")
    for _ in range(10):
        person.wait(40_000).beat()
    assert person.status == "dnd"
