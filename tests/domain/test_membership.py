"""What a user's side of membership notes, takes and confirms, and what a channel's side makes of it."""

from __future__ import annotations

from msgspec.structs import replace

from sse_presence.domain.members import LEASE, TOO_OLD, Members, difference, entered, lapsed, roll
from sse_presence.domain.membership import (
    CLAIMED,
    RENEWED,
    Membership,
    public_channels,
    recalled,
    settled,
    taken,
    told,
)
from sse_presence.domain.model import Outage, Rules, User, rules_from
from sse_presence.domain.roll import Roll
from sse_presence.domain.rules import choose, heartbeat
from sse_presence.domain.signal import Heartbeat, Override
from sse_presence.settings import Settings

NOW = 1_000_000
RULES: Rules = replace(rules_from(Settings()), listed=2)


def test_channels_of_all_devices_count_once() -> None:
    user = User()
    for device, channels in (("a", ("y", "x", "x")), ("b", ("y", "z"))):
        user, _ = heartbeat(user, Heartbeat(device=device, interval=15_000, channels=channels), NOW, RULES)
    assert public_channels(user) == ("x", "y", "z")


def test_the_invisible_stay_where_they_were() -> None:
    user, _ = heartbeat(User(), Heartbeat(device="a", interval=15_000, channels=("x",)), NOW, RULES)
    user = choose(user, Override(status="invisible"), NOW, RULES)
    user, _ = heartbeat(user, Heartbeat(device="a", interval=15_000, channels=("y",)), NOW, RULES)
    assert public_channels(user) == ("x",)
    assert public_channels(choose(user, Override(status="online"), NOW, RULES)) == ("y",)


def test_what_is_the_same_is_not_told() -> None:
    membership = Membership(channels=("x",))
    assert settled(membership, ("x",), NOW) is membership


def test_a_channel_is_owed_until_its_leaving_was_told() -> None:
    membership = settled(settled(Membership(channels=("x",)), ("y",), NOW), ("z",), NOW)
    assert membership == Membership(channels=("z",), owed=frozenset("xy"), untold=True, due=NOW)
    membership = settled(membership, ("x",), NOW)
    assert membership == Membership(channels=("x",), owed=frozenset("yz"), untold=True, due=NOW)


def test_what_is_taken_is_taken_again_unless_it_is_told() -> None:
    membership, reading = taken(settled(Membership(), ("x",), NOW), "ann", 7, NOW)
    assert reading is not None
    assert (reading.channels, reading.confirm, membership.due) == (("x",), True, NOW + CLAIMED)
    assert told(membership, 6, NOW) is membership
    assert told(membership, 7, NOW) == Membership(channels=("x",), due=NOW + RENEWED - 7)


def test_a_change_after_the_reading_is_not_confirmed_with_it() -> None:
    membership, _ = taken(settled(Membership(), ("x",), NOW), "ann", 7, NOW)
    membership = settled(membership, (), NOW)
    assert told(membership, 7, NOW) is membership
    assert membership.owed == {"x"}


def test_who_is_in_no_channel_any_more_leaves_the_outbox() -> None:
    membership, reading = taken(settled(Membership(channels=("x",)), (), NOW), "ann", 7, NOW)
    assert reading is not None
    assert reading.owed == {"x"}
    assert told(membership, 7, NOW) == Membership()
    assert taken(Membership(due=0), "ann", 8, NOW) == (Membership(), None)


def test_what_was_told_is_told_again_without_a_confirmation() -> None:
    membership, reading = taken(Membership(channels=("x",), due=NOW), "ann", 7, NOW)
    assert reading is not None
    assert not reading.confirm
    assert membership.due == NOW + RENEWED - 7


def test_a_recall_makes_all_due() -> None:
    assert recalled(Membership(channels=("x",), due=NOW + 9)).due == 0
    assert recalled(Membership()) == Membership()


def test_the_newest_line_counts_in_any_order() -> None:
    lines = [(NOW + 1, True), (NOW + 2, False), (NOW + 3, True), (NOW + 4, False)]
    for order in (lines, lines[::-1], [lines[2], lines[3], lines[0], lines[1], lines[3]]):
        members = Members()
        for fence, present in order:
            members, _ = entered(members, "ann", fence, present=present, now=NOW)
        assert members == Members(off={"ann": NOW + 4})


def test_a_line_is_taken_until_it_is_too_old() -> None:
    members, was_taken = entered(Members(), "ann", NOW, present=True, now=NOW + TOO_OLD)
    assert was_taken
    assert members.present == {"ann": NOW}
    assert entered(Members(), "ann", NOW, present=True, now=NOW + TOO_OLD + 1) == (Members(), False)


def test_a_member_lapses_with_its_lease_but_not_after_an_outage() -> None:
    members = Members(present={"ann": NOW})
    assert lapsed(members, NOW + LEASE - 1, None) == members
    assert lapsed(members, NOW + LEASE, None) == Members()
    outage = Outage(begin=NOW, end=NOW + 100_000)
    assert lapsed(members, NOW + 100_000 + LEASE - 1, outage) == members
    assert lapsed(members, NOW + 100_000 + LEASE, outage) == Members()


def members(*users: str) -> Members:
    return Members(present=dict.fromkeys(users, NOW))


def test_the_difference_is_told_while_members_are_listed() -> None:
    assert difference("c", members("a"), members("a"), RULES) is None
    assert difference("c", members("a"), members("é", "z"), RULES) == Roll("c", 2, None, ("z", "é"), ("a",))
    assert difference("c", members("a"), members("a", "b", "c"), RULES) == Roll("c", 3, None)
    assert difference("c", members("a", "b", "c"), members("b", "a"), RULES) == Roll("c", 2, ("a", "b"))


def test_a_whole_roll_lists_members_while_they_are_few() -> None:
    assert roll("c", members("b", "a"), RULES) == Roll("c", 2, ("a", "b"))
    assert roll("c", members("a", "b", "c"), RULES) == Roll("c", 3, None)
