"""Queries are read strictly, and what is refused is named."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from sse_presence.domain.rights import Identity
from sse_presence.errors import Invalid, Malformed, RequestError
from sse_presence.http.parameters import (
    Parameters,
    _pairs,
    _read_plain,
    distinct_ids,
    parameters,
    read_query,
)

ALICE = Identity(user="alice", parameters=frozenset({"as"}))


def asked(query: bytes) -> Request:
    return Request({"type": "http", "query_string": query, "headers": []})


@given(st.lists(st.tuples(st.text(min_size=1), st.text())))
def test_what_is_encoded_is_read_back(pairs: list[tuple[str, str]]) -> None:
    try:
        query = urlencode(pairs, encoding="utf-8").encode()
    except UnicodeEncodeError:
        return
    read = read_query(query)
    for name, _ in pairs:
        assert read.many(name) == [value for key, value in pairs if key == name]


@given(st.binary())
def test_any_bytes_are_read_or_refused(query: bytes) -> None:
    with suppress(Malformed):
        for name, values in read_query(query).items():
            assert all(isinstance(text, str) for text in [name, *values])


@given(
    st.lists(st.text("az09_.~-=", max_size=6) | st.sampled_from(["user", "user=a", "last_event_id=a=b", "="]))
)
def test_what_has_no_escapes_is_read_as_all_else_is(pairs: list[str]) -> None:
    query = "&".join(pairs)
    thorough = Parameters()
    for name, value in _pairs(query.encode()):
        thorough.setdefault(name, []).append(value)
    read = read_query(query.encode())
    assert [*read.items()] == [*thorough.items()] == [*_read_plain(query).items()]


def test_separators_of_other_services_separate_nothing() -> None:
    assert read_query(b"user=a,b;c&user=a%26b%3Dc&&user=a+b").many("user") == ["a,b;c", "a&b=c", "a b"]


def test_utf8_is_taken_bare_too() -> None:
    assert read_query("user=zoë".encode()).many("user") == ["zoë"]


@pytest.mark.parametrize(
    "query", [b"user=%", b"user=%4", b"user=%zz", b"%zz=user", b"user=%ff", b"user=\xff", b"user=%ed%a0%80"]
)
def test_broken_escapes_and_utf8_are_malformed(query: bytes) -> None:
    with pytest.raises(Malformed):
        read_query(query)


@pytest.mark.parametrize("value", [b"%", b"%zz", b"%ff", b"\xff", b"%00"])
def test_a_cursor_that_cannot_be_read_is_no_error(value: bytes) -> None:
    assert read_query(b"last_event_id=" + value).one("last_event_id")


def test_a_broken_parameter_is_named() -> None:
    with pytest.raises(Malformed, match="user"):
        read_query(b"user=%ff")


def test_unknown_parameters_are_named() -> None:
    with pytest.raises(Invalid, match="usr is not a parameter") as caught:
        parameters(asked(b"user=a&usr=b&as=alice"), ALICE, "user")
    assert [error.field for error in caught.value.errors] == ["usr"]


def test_credentials_are_unknown_where_they_are_not_taken() -> None:
    with pytest.raises(Invalid, match="as is not"):
        parameters(asked(b"as=bob"), Identity(user="alice"))


def test_a_single_parameter_given_twice_is_refused() -> None:
    query = parameters(asked(b"device=a&device=b"), ALICE, "device")
    with pytest.raises(Invalid, match="2 times"):
        query.one("device")
    assert query.one("user") is None


def test_duplicate_ids_are_taken_once_in_order() -> None:
    assert read_query(b"user=b&user=a&user=b").ids("user") == ["b", "a"]


def test_bad_ids_are_named_by_their_places() -> None:
    with pytest.raises(Invalid) as caught:
        distinct_ids("users", ["a", "", "b\0", "c"])
    assert [error.field for error in caught.value.errors] == ["users[1]", "users[2]"]


def test_a_long_list_of_bad_ids_gives_a_short_answer() -> None:
    with pytest.raises(RequestError) as caught:
        distinct_ids("users", [""] * 10_000)
    assert len(caught.value.detail) < 1_000
