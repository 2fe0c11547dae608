"""Cursors: what was issued comes back, and nothing else does."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_presence.domain.cursor import (
    AHEAD,
    check,
    derive_key,
    incarnations_digest,
    interest_digest,
    issue,
)
from sse_presence.domain.interest import Interest

KEY = derive_key(b"a secret of any length")
STORE = incarnations_digest([(0, "incarnation")])
INTEREST = interest_digest(Interest("alice", ("bob", "carol"), ("room",)))
NOW = 1_800_000_000_000
DAY = 86_400_000


def read(text: str, *, key: bytes = KEY, store: bytes = STORE, interest: bytes = INTEREST) -> int | None:
    return check(key, text, store, interest, earliest=NOW - DAY, mark=NOW)


@given(st.integers(NOW - DAY, NOW + AHEAD))
def test_comes_back(position: int) -> None:
    text = issue(KEY, position, STORE, INTEREST)
    assert read(text) == position
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,64}", text)


@given(st.one_of(st.text(), st.text(alphabet="AZaz09_-", min_size=56, max_size=56)))
def test_arbitrary_text_is_no_cursor(text: str) -> None:
    assert read(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "8c7f2a4e-5b1d-4f0a-9c3e-2d6b7a1f0e59",
        "a" * 8192,
        "é" * 56,
        "\x00",
        "\udcff" * 56,
        "1" * 5000,
        " ",
        "=" * 56,
    ],
)
def test_c20_texts_that_clients_really_send(text: str) -> None:
    assert read(text) is None


@given(st.integers(0, 55), st.characters(codec="latin-1"))
def test_a_changed_character_is_noticed(index: int, replacement: str) -> None:
    text = issue(KEY, NOW, STORE, INTEREST)
    changed = text[:index] + replacement + text[index + 1 :]
    assert changed == text or read(changed) is None


@given(st.integers(0, 55))
def test_trimmed(length: int) -> None:
    assert read(issue(KEY, NOW, STORE, INTEREST)[:length]) is None


def test_another_key_store_or_interest() -> None:
    text = issue(KEY, NOW, STORE, INTEREST)
    assert read(text, key=derive_key(b"another secret")) is None
    assert read(text, store=incarnations_digest([(0, "wiped")])) is None
    assert read(text, interest=interest_digest(Interest("alice", ("bob",), ("room",)))) is None
    assert read(text, interest=interest_digest(Interest("bob", ("bob", "carol"), ("room",)))) is None


def test_too_old_and_too_new() -> None:
    assert read(issue(KEY, NOW - DAY - 1, STORE, INTEREST)) is None
    assert read(issue(KEY, NOW + AHEAD + 1, STORE, INTEREST)) is None


def test_order_means_nothing_and_kinds_are_told_apart() -> None:
    assert interest_digest(Interest("alice", ("carol", "bob"), ("room",))) == INTEREST
    assert interest_digest(Interest(None, ("a",))) != interest_digest(Interest(None, (), ("a",)))
    assert interest_digest(Interest(None, (), ("a",))) != interest_digest(Interest(None, (), (), ("a",)))
    assert incarnations_digest([(1, "b"), (0, "a")]) == incarnations_digest([(0, "a"), (1, "b")])
