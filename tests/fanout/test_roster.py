"""Who is in a channel: whatever is heard and read in whatever order, and told from whatever place."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from sse_presence.domain.roll import LISTED, Roll
from sse_presence.fanout.roster import BEGINNING, Roster
from sse_presence.sse.encode import MEMBERS, roll_json

NAMES = st.sampled_from(["alice", "bob", "carol", "dave", "erin"])


def whole(*users: str, changed: int = 1) -> Roll:
    return Roll("room", len(users), tuple(sorted(users)), changed=changed)


def difference(count: int, changed: int, *, joined: tuple[str, ...] = (), left: tuple[str, ...] = ()) -> Roll:
    return Roll("room", count, None, joined, left, changed)


def crowd(size: int) -> tuple[str, ...]:
    return tuple(f"user-{number:04}" for number in range(size))


def read(*users: str) -> Roster:
    roster = Roster()
    roster.read(whole(*users), keep=False)
    return roster


def test_differences_follow_a_reading() -> None:
    roster = read("alice")
    change = roster.hear(difference(2, 2, joined=("bob",)), keep=False)
    assert change is not None
    assert change.joined == {"bob"}
    assert not change.left
    assert roster.roll("room", change.place) == difference(2, 0, joined=("bob",))
    roster.hear(difference(1, 3, left=("alice",)), keep=False)
    assert roster.roll("room", change.place) == difference(1, 0, joined=("bob",), left=("alice",))
    assert roster.roll("room", BEGINNING) == Roll("room", 1, ("bob",))


def test_what_a_reading_holds_is_not_applied_again() -> None:
    roster = Roster()
    roster.wait(difference(1, 5, joined=("bob",)))
    roster.wait(difference(1, 8, joined=("carol",), left=("bob",)))
    roster.read(whole("alice", "bob", changed=6), keep=False)
    assert roster.members == {"alice", "carol"}
    assert roster.hear(difference(9, 7, joined=("zoe",)), keep=False) is None, "older than what is known"


def test_who_came_and_went_in_one_batch_is_not_told() -> None:
    roster = read("alice")
    change = roster.hear(difference(2, 2, joined=("bob",)), keep=False)
    roster.hear(difference(1, 3, left=("bob",)), keep=False)
    assert change is not None
    assert roster.roll("room", change.place) is None


def test_after_a_reading_the_whole_is_told() -> None:
    roster = read("alice")
    change = roster.hear(difference(2, 2, joined=("bob",)), keep=False)
    assert change is not None
    roster.read(whole("alice", "carol", changed=3), keep=False)
    assert roster.roll("room", change.place) == Roll("room", 2, ("alice", "carol"))


def test_above_two_hundred_only_the_number_is_told_and_below_the_whole_again() -> None:
    roster = read(*crowd(MEMBERS))
    change = roster.hear(difference(MEMBERS + 1, 2, joined=("zoe",)), keep=False)
    assert change is not None
    told = roster.roll("room", change.place)
    assert told is not None
    assert json.loads(roll_json(told)) == {"channel": "room", "count": MEMBERS + 1}
    change = roster.hear(difference(MEMBERS, 3, left=("user-0007",)), keep=False)
    assert change is not None
    told = roster.roll("room", change.place)
    assert told is not None
    assert "zoe" in json.loads(roll_json(told))["members"]
    assert "user-0007" not in json.loads(roll_json(told))["members"]


def test_above_five_hundred_nobody_is_known_until_all_are_told() -> None:
    roster = read(*crowd(LISTED))
    change = roster.hear(Roll("room", LISTED + 1, None, changed=2), keep=False)
    assert change is not None
    assert len(change.left) == LISTED
    assert (roster.count, roster.members) == (LISTED + 1, frozenset())
    lacking = difference(LISTED, 3, left=("user-0001",))
    assert roster.lacks(lacking)
    change = roster.hear(Roll("room", LISTED, crowd(LISTED), changed=3), keep=False)
    assert change is not None
    assert len(change.joined) == LISTED


def test_while_the_store_settles_nobody_leaves() -> None:
    roster = read("alice", "bob")
    roster.forget()
    assert roster.read(whole(changed=1), keep=True) is None
    change = roster.hear(difference(1, 2, joined=("carol",), left=("bob",)), keep=True)
    assert change is not None
    assert change.joined == {"carol"}
    assert not change.left
    assert roster.members == {"alice", "bob", "carol"}
    change = roster.read(whole("carol", changed=9), keep=False)
    assert change is not None
    assert change.left == {"alice", "bob"}


@given(st.lists(st.tuples(st.booleans(), NAMES), max_size=900), st.data())
def test_from_any_place_the_view_ends_the_same(steps: list[tuple[bool, str]], data: st.DataObject) -> None:
    roster, members = read(), set[str]()
    places = {BEGINNING: frozenset[str]()}
    for time, (joins, user) in enumerate(steps, 2):
        before = frozenset(members)
        (members.add if joins else members.discard)(user)
        joined, left = ((user,), ()) if joins else ((), (user,))
        change = roster.hear(difference(len(members), time, joined=joined, left=left), keep=False)
        if change is not None:
            places[change.place] = before
    place = data.draw(st.sampled_from(sorted(places)))
    view = set(places[place])
    roll = roster.roll("room", place)
    if roll is not None and roll.members is not None:
        view = set(roll.members)
    elif roll is not None:
        assert not view & set(roll.joined)
        assert view >= set(roll.left)
        view = (view | set(roll.joined)) - set(roll.left)
    assert view == members == roster.members
