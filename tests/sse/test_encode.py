"""Events as bytes: whatever clients sent, as many events are read as were written."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from httpx_sse import ServerSentEvent
from httpx_sse._decoders import SSEDecoder, SSELineDecoder
from hypothesis import given
from hypothesis import strategies as st

from sse_presence.domain.record import OFFLINE, Record, TypingList, Typist
from sse_presence.sse import encode

NASTY = st.text(st.characters(codec="utf-8")) | st.sampled_from(
    [
        "\r\nevent: bye\ndata: {}\n\n",
        "\n\nid: forged\n\n",
        "\x00",
        "\r",
        "\u2028\u2029\x85",
        '"}\n\ndata: x\n\n',
        "retry: 1\n",
    ]
)


def parse(raw: bytes) -> list[ServerSentEvent]:
    """As a client reads it."""
    lines, events = SSELineDecoder(), SSEDecoder()
    read = [events.decode(line) for line in [*lines.decode(raw.decode()), *lines.flush()]]
    return [event for event in read if event is not None]


def body(text: str) -> str:
    return f'"status":"online","text":{msgspec.json.encode(text).decode()}'


@given(NASTY, NASTY)
def test_c24_text_and_ids_come_back_equal_in_one_event(user: str, text: str) -> None:
    record = encode.record_json(Record(user, 7, 3, 0, body(text)))
    (event,) = parse(encode.presence([record], "cursor"))
    assert (event.event, event.id) == ("presence", "cursor")
    assert event.json()["users"] == [{"user": user, "status": "online", "text": text, "version": 7}]


@given(st.lists(NASTY, unique=True, max_size=30), NASTY, st.integers(0, 10**6))
def test_c24_typing_of_any_ids_is_one_event(users: list[str], channel: str, now: int) -> None:
    listed = TypingList(channel, len(users), tuple(Typist(user, now + 5) for user in users[:21]))
    (event,) = parse(encode.typing([encode.typing_json(listed, None, now)]))
    (told,) = event.json()["channels"]
    assert (told["channel"], told["count"]) == (channel, len(users))
    assert told["typing"] == [{"user": user, "expires_in": 5} for user in users[:20]]


def test_a_record_omits_what_is_absent() -> None:
    assert json.loads(encode.record_json(Record("a", 0, 0, 0, OFFLINE))) == {
        "user": "a",
        "status": "offline",
        "version": 0,
    }
    assert json.loads(encode.record_json(Record("a", 2, 9, 300_000, OFFLINE)))["last_seen"] == 300_000


@given(st.integers(0, 1_700))
def test_a_snapshot_comes_in_parts_with_the_id_on_the_last(count: int) -> None:
    events = parse(encode.snapshot([b"%d" % number for number in range(count)], "cursor"))
    parts: list[dict[str, Any]] = [event.json() for event in events]
    assert [number for part in parts for number in part["users"]] == list(range(count))
    assert all(len(part["users"]) <= encode.PART for part in parts)
    assert [(part["part"], part["parts"]) for part in parts] == [
        (number, len(parts)) for number in range(1, len(parts) + 1)
    ]
    assert [bool(event.id) for event in events] == [False] * (len(parts) - 1) + [True]


@given(st.integers(0, 1_700))
def test_a_resume_is_one_frame_or_parts_with_the_id_on_the_last(count: int) -> None:
    raw = encode.presence_parts([b"%d" % number for number in range(count)], "cursor")
    events = parse(raw)
    assert [number for event in events for number in event.json()["users"]] == list(range(count))
    assert len(events) == max(1, -(-count // encode.PART))
    assert raw.count(b"id: ") == 1
    assert events[-1].id == "cursor"


def test_settling_is_told_while_it_lasts() -> None:
    assert parse(encode.snapshot([], "c", 1500))[0].json()["settling_ms"] == 1500
    assert "settling_ms" not in parse(encode.snapshot([], "c"))[0].json()


def typing(viewer: str | None, *users: str, count: int | None = None) -> dict[str, Any]:
    listed = TypingList("room", count or len(users), tuple(Typist(user, 1_000) for user in users))
    return dict(json.loads(encode.typing_json(listed, viewer, 400)))


def test_a_viewer_is_left_out_of_names_and_count() -> None:
    assert typing("bob", "alice", "bob") == {
        "channel": "room",
        "typing": [{"user": "alice", "expires_in": 600}],
        "count": 1,
    }


def test_twenty_are_named_and_all_are_counted() -> None:
    users = [f"user{number:02}" for number in range(21)]
    assert len(typing(None, *users, count=40)["typing"]) == 20
    assert typing(None, *users, count=40)["count"] == 40
    without = typing("user00", *users, count=40)
    assert [typist["user"] for typist in without["typing"]] == users[1:]
    assert without["count"] == 39


def test_what_has_lapsed_is_not_told() -> None:
    listed = TypingList("room", 1, (Typist("alice", 400),))
    assert json.loads(encode.typing_json(listed, None, 400)) == {"channel": "room", "typing": [], "count": 0}


def test_c23_only_snapshots_and_presence_carry_an_id_and_none_is_empty() -> None:
    for raw in (
        encode.told("hello", {"stream": "x"}, retry=1000),
        encode.typing([]),
        encode.told("ping", {"time": 1}),
        encode.bye("shutdown", 500),
    ):
        assert b"id:" not in raw


def test_bye_says_when_to_come_back_twice() -> None:
    """For browsers, which obey `retry`, and for programs, which read the data."""
    (event,) = parse(encode.bye("limit", 30_000))
    assert event.retry == 30_000
    assert event.json() == {"reason": "limit", "retry_ms": 30_000}


def test_padding_is_a_comment_of_two_kibibytes() -> None:
    assert len(encode.PAD) >= 2048
    assert parse(encode.PAD) == []
