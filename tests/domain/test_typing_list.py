"""Who types in a channel: beginning, going on, stopping, and what watchers are told of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_presence.domain import typing_list
from sse_presence.domain.model import rules_from
from sse_presence.domain.typing_list import REMEMBERED, Channel
from sse_presence.settings import Settings

RULES = rules_from(Settings())
TTL = RULES.typing_ttl
START = 1_800_000_000_000


class Room:
    """One channel; each signal and each look is settled, as in the store."""

    def __init__(self) -> None:
        self.now = START
        self.channel = Channel()
        self.told: list[dict[str, int]] = []
        """Every list that was published: user → milliseconds left."""

    def wait(self, duration: int) -> Room:
        self.now += duration
        return self

    def look(self) -> Room:
        self.channel, due = typing_list.settled(self.channel, self.now, RULES)
        if due:
            self.told.append({user: until - self.now for user, until in self.channel.told.items()})
        return self

    def type(
        self,
        user: str,
        device: str = "laptop",
        *,
        typing: bool = True,
        seq: int | None = None,
        hidden: bool = False,
    ) -> int | None:
        """One signal; the last `seq` where it was stale."""
        newer = typing_list.newer(self.channel, user, device, seq, self.now)
        if newer is None:
            self.channel = typing_list.signalled(
                self.channel,
                (user, device),
                typing=typing,
                seq=seq,
                hidden=hidden,
                now=self.now,
                rules=RULES,
            )
            self.look()
        return newer

    @property
    def typists(self) -> set[str]:
        return set(typing_list.typists(self.channel, self.now))


@pytest.fixture
def room() -> Room:
    """A channel in which nobody ever typed."""
    return Room()


def test_typing_ends_by_itself(room: Room) -> None:
    room.type("alice")
    assert room.wait(TTL - 1).look().typists == {"alice"}
    assert room.wait(1).look().typists == set()
    assert room.told == [{"alice": TTL}, {}]


def test_stopping_ends_it_at_once(room: Room) -> None:
    room.type("alice")
    room.wait(1_000).type("alice", typing=False)
    assert room.told == [{"alice": TTL}, {}]


def test_a_stop_without_a_start_is_not_announced(room: Room) -> None:
    room.type("alice", typing=False)
    assert room.told == []


def test_a_late_start_does_not_overtake_its_stop(room: Room) -> None:
    room.type("alice", seq=1)
    assert room.type("alice", seq=3, typing=False) is None
    assert room.type("alice", seq=2) == 3
    assert room.typists == set()


def test_an_equal_seq_is_a_retry(room: Room) -> None:
    room.type("alice", seq=1)
    assert room.wait(1_000).type("alice", seq=1) is None
    assert room.wait(TTL - 1).typists == {"alice"}


def test_a_signal_without_seq_does_not_forget_it(room: Room) -> None:
    room.type("alice", seq=3)
    assert room.type("alice", typing=False) is None
    assert room.type("alice", seq=2) == 3


def test_the_order_is_remembered_for_a_minute(room: Room) -> None:
    room.type("alice", seq=3, typing=False)
    assert room.wait(REMEMBERED - 1).type("alice", seq=2) == 3
    assert room.wait(1).type("alice", seq=2) is None


def test_order_is_of_one_device_in_one_channel(room: Room) -> None:
    room.type("alice", "laptop", seq=3)
    assert room.type("alice", "phone", seq=1) is None
    assert Room().type("alice", "laptop", seq=1) is None


def test_a_user_types_while_any_of_its_devices_does(room: Room) -> None:
    room.type("alice", "laptop")
    room.wait(1_000).type("alice", "phone")
    room.type("alice", "laptop", typing=False)
    assert room.wait(TTL - 1).look().typists == {"alice"}
    assert room.wait(1).look().typists == set()


def test_the_device_that_goes_on_longest_counts(room: Room) -> None:
    for wait, device in ((0, "laptop"), (1_000, "phone"), (1_000, "laptop")):
        room.wait(wait).type("alice", device)
    assert typing_list.typists(room.channel, room.now) == {"alice": room.now + TTL}


def test_a_second_device_is_no_news(room: Room) -> None:
    room.type("alice", "laptop")
    room.type("alice", "phone")
    assert len(room.told) == 1


def test_everyone_who_types_is_told(room: Room) -> None:
    room.type("alice")
    room.wait(1_000).type("bob")
    assert room.told == [{"alice": TTL}, {"alice": TTL - 1_000, "bob": TTL}]


def test_going_on_is_told_at_half_the_ttl(room: Room) -> None:
    """Not with every key, and before a receiver would let the entry lapse."""
    room.type("alice")
    for _ in range(4):
        room.wait(1_000).type("alice")
    assert room.told == [{"alice": TTL}, {"alice": TTL}]


def test_going_on_that_was_not_told_is_found_by_the_sweep(room: Room) -> None:
    room.type("alice")
    room.wait(2_000).type("alice")
    assert room.wait(TTL // 2 - 2_001).look().told == [{"alice": TTL}]
    assert room.wait(1).look().told == [{"alice": TTL}, {"alice": TTL - 1_000}]


def test_one_who_begins_puts_off_nobody_elses_refresh(room: Room) -> None:
    """Bob is announced with what alice had left; that she goes on is told before it has run out."""
    room.type("alice")
    room.wait(2_900).type("bob")
    room.wait(100).type("alice")
    assert room.told[1:] == [{"alice": TTL - 2_900, "bob": TTL}, {"alice": TTL, "bob": TTL - 100}]


def test_nothing_is_refreshed_that_does_not_go_on(room: Room) -> None:
    room.type("alice")
    assert room.wait(TTL // 2).look().told == [{"alice": TTL}]


def test_a_hidden_user_types_unseen(room: Room) -> None:
    room.type("alice", hidden=True, seq=3)
    assert (room.typists, room.told) == (set(), [])
    assert room.type("alice", hidden=True, seq=2) == 3


def test_hiding_lets_what_was_seen_run_out(room: Room) -> None:
    """As it would, had the device left: neither refreshed nor stopped."""
    room.type("alice")
    room.wait(1_000).type("alice", hidden=True)
    room.wait(1_000).type("alice", hidden=True, typing=False)
    assert room.wait(TTL - 2_001).look().typists == {"alice"}
    assert room.wait(1).look().typists == set()
    assert room.told == [{"alice": TTL}, {}]


@given(
    st.lists(
        st.tuples(
            st.integers(0, 4_000),
            st.sampled_from(["alice", "bob"]),
            st.sampled_from(["laptop", "phone"]),
            st.booleans(),
        )
    )
)
def test_receivers_that_let_entries_lapse_agree(history: list[tuple[int, str, str, bool]]) -> None:
    """Whoever counts down what it was told sees nobody vanish who goes on, nor anybody stay who stopped."""
    room = Room()
    for wait, user, device, typing in history:
        for step in [1_000] * (wait // 1_000) + [wait % 1_000]:
            room.wait(step).look()
            assert {who for who, until in room.channel.told.items() if until > room.now} == room.typists
        room.type(user, device, typing=typing)
        assert room.channel.told.keys() == room.typists
