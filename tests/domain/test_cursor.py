"""Cursors: what was issued comes back, and nothing else does."""

from __future__ import annotations

import re
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_presence.domain.cursor import (
    AHEAD,
    Cursor,
    derive_key,
    incarnations_digest,
    interest_digest,
    issue,
    issued_under,
    read,
    stored_digest,
    told_digest,
)
from sse_presence.domain.interest import Interest
from sse_presence.domain.rights import EVERYTHING, Rights

KEY = derive_key(b"a secret of any length")
STORE = incarnations_digest([(0, "incarnation")])


def digest(viewer: str | None, *lists: tuple[str, ...], rights: Rights = EVERYTHING) -> bytes:
    return interest_digest(Interest(viewer, *lists), rights)


INTEREST = digest("alice", ("bob", "carol"), ("room",))
NOW = 1_800_000_000_000
DAY = 86_400_000


def issued(position: int = NOW, **more: bytes) -> str:
    return issue(KEY, Cursor(position=position, incarnations=STORE, interest=INTEREST, **more))


def place(text: str, *, key: bytes = KEY, store: bytes = STORE, interest: bytes = INTEREST) -> int | None:
    """Where the holder of a text may go on."""
    known = read(key, text)
    if known is None or not known.fits(store, interest, earliest=NOW - DAY, mark=NOW):
        return None
    return known.position


@given(st.integers(NOW - DAY, NOW + AHEAD))
def test_comes_back(position: int) -> None:
    text = issued(position)
    assert place(text) == position
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,64}", text)


@given(st.one_of(st.text(), st.text(alphabet="AZaz09_-", min_size=64, max_size=64)))
def test_arbitrary_text_is_no_cursor(text: str) -> None:
    assert place(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "8c7f2a4e-5b1d-4f0a-9c3e-2d6b7a1f0e59",
        "a" * 8192,
        "é" * 64,
        "\x00",
        "\udcff" * 64,
        "1" * 5000,
        " ",
        "=" * 64,
    ],
)
def test_c20_texts_that_clients_really_send(text: str) -> None:
    assert place(text) is None


@given(st.integers(0, 63), st.characters(codec="latin-1"))
def test_a_changed_character_is_noticed(index: int, replacement: str) -> None:
    text = issued()
    changed = text[:index] + replacement + text[index + 1 :]
    assert changed == text or place(changed) is None


@given(st.integers(0, 63))
def test_trimmed(length: int) -> None:
    assert place(issued()[:length]) is None


def test_another_key_store_or_interest() -> None:
    text = issued()
    assert place(text, key=derive_key(b"another secret")) is None
    assert place(text, store=incarnations_digest([(0, "wiped")])) is None
    assert place(text, interest=digest("alice", ("bob",), ("room",))) is None
    assert place(text, interest=digest("bob", ("bob", "carol"), ("room",))) is None


def test_too_old_and_too_new() -> None:
    assert place(issued(NOW - DAY - 1)) is None
    assert place(issued(NOW + AHEAD + 1)) is None


def test_order_means_nothing_and_kinds_are_told_apart() -> None:
    assert digest("alice", ("carol", "bob"), ("room",)) == INTEREST
    assert digest(None, ("a",)) != digest(None, (), ("a",))
    assert digest(None, (), ("a",)) != digest(None, (), (), ("a",))
    assert incarnations_digest([(1, "b"), (0, "a")]) == incarnations_digest([(0, "a"), (1, "b")])


def test_a_stored_interest_is_its_owner_and_id() -> None:
    assert stored_digest("alice", "i", EVERYTHING) != stored_digest("bob", "i", EVERYTHING)
    assert stored_digest("alice", "i", EVERYTHING) != stored_digest("alice", "j", EVERYTHING)
    assert stored_digest("alice", "i", EVERYTHING) != digest("alice", ("i",))


def test_rights_count_where_they_decide_what_is_left_out() -> None:
    some = Rights(watch=frozenset({"bob", "carol"}), channel_prefix="")
    same = Rights(watch=frozenset({"carol", "bob"}), channel_prefix="", roles=frozenset({"publish"}))
    fewer = Rights(watch=frozenset({"bob"}), channel_prefix="")
    stored, members = partial(stored_digest, "alice", "i"), partial(digest, "alice", (), (), ("room",))
    assert stored(rights=some) == stored(rights=same) != stored(rights=fewer)
    assert members(rights=some) == members(rights=same) != members(rights=fewer)
    assert digest("alice", ("bob",), rights=some) == digest("alice", ("bob",), rights=fewer), "all or nothing"


def test_what_was_told_and_the_ticket_come_back() -> None:
    told = told_digest(["alice", 3], "room")
    known = read(KEY, issued(told=told, ticket=b"tick"))
    assert known is not None
    assert (known.told, known.ticket) == (told, b"tick")


def test_the_ticket_is_told_of_authentic_cursors_only() -> None:
    text = issued(ticket=b"tick")
    assert issued_under(KEY, text) == b"tick"
    assert issued_under(KEY, issued()) is None
    assert issued_under(derive_key(b"another"), text) is None
    assert issued_under(KEY, text[:-1] + ("A" if text[-1] != "A" else "B")) is None
    assert issued_under(KEY, "") is None
