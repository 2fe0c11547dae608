"""Any text of 1 to 128 bytes without control characters is an id, and means nothing."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_presence.domain.identifier import MAX_BYTES, flaw, plain


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=MAX_BYTES // 4))
def test_text_is_an_id(text: str) -> None:
    assert flaw(text) is None


@given(st.text(), st.characters(categories=["Cc", "Cs"]), st.text())
def test_a_control_character_or_surrogate_anywhere_is_a_flaw(before: str, bad: str, after: str) -> None:
    assert flaw(before + bad + after) is not None


@given(st.text())
def test_every_text_is_an_id_or_has_a_flaw(text: str) -> None:
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        size = -1
    good = 1 <= size <= MAX_BYTES and "Cc" not in {unicodedata.category(char) for char in text}
    assert (flaw(text) is None) == good


@pytest.mark.parametrize(
    "text", ["*", ",", ":", "/", "{", "}", "%", "%00", " ", "🙂", "a,b:c/d{e}%f*", "..", "\u2028"]
)
def test_no_character_means_anything(text: str) -> None:
    assert flaw(text) is None


@pytest.mark.parametrize(("char", "most"), [("a", 128), ("ë", 64), ("€", 42), ("🙂", 32)])
def test_the_limit_counts_bytes(char: str, most: int) -> None:
    assert flaw(char * most) is None
    assert "128 bytes" in (flaw(char * (most + 1)) or "")


@pytest.mark.parametrize("text", ["", "\0", "a\r\nb", "\x7f", "\x85", "\x1b[31m", "\ud800", "a\udfff"])
def test_flaws_are_sentences(text: str) -> None:
    assert (flaw(text) or "").startswith("must not")


@given(st.lists(st.text() | st.text("abc \n\x7f", max_size=MAX_BYTES + 1)))
def test_what_is_plain_has_no_flaw(ids: list[str]) -> None:
    if plain(ids):
        assert not any(map(flaw, ids))


@pytest.mark.parametrize("ids", [[], ["a"], ["a" * MAX_BYTES, "b c"]])
def test_ordinary_lists_are_plain(ids: list[str]) -> None:
    assert plain(ids)


@pytest.mark.parametrize("ids", [["a", ""], ["a" * (MAX_BYTES + 1)], ["a", "b\n"], ["é"]])
def test_what_has_to_be_looked_at_is_not_plain(ids: list[str]) -> None:
    assert not plain(ids)
