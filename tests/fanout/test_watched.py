"""What is kept of a watched user: the newest record, and its JSON only where several streams want it."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from sse_presence.domain.record import Record
from sse_presence.fanout.partition import Partition
from sse_presence.fanout.watched import Topic
from sse_presence.sse.encode import record_json


def body(text: str) -> str:
    return f'"status":"dnd","text":{json.dumps(text)},"devices":["web"]'


@given(st.text(min_size=1), st.text(), st.integers(1, 2**53), st.sampled_from([0, 300_000]))
def test_losing_its_version_changes_nothing_else(user: str, text: str, version: int, last_seen: int) -> None:
    record = Record(user, version, 3, last_seen, body(text))
    topic = Topic(user, Partition(0))
    assert topic.take(record)
    told = json.loads(record_json(record))
    assert json.loads(topic.encoded) == told
    topic.unversion()
    assert json.loads(topic.encoded) == told | {"version": 0}


def test_only_what_is_newer_is_taken() -> None:
    topic = Topic("alice", Partition(0))
    assert topic.take(Record("alice", 2, 9, 0, body("b")))
    assert not topic.take(Record("alice", 2, 9, 0, body("b")))
    assert not topic.take(Record("alice", 1, 8, 0, body("a")))
    topic.era = topic.partition.sound = topic.partition.line.era
    topic.doubt()
    assert topic.era != topic.partition.sound, "a gap does not spare it"
    assert topic.take(Record("alice", 0, 0, 0, '"status":"offline"')), "the truth of a store that lost her"
    assert json.loads(topic.encoded) == {"user": "alice", "status": "offline", "version": 0}


def test_a_user_never_read_is_not_doubted() -> None:
    topic = Topic("alice", Partition(0))
    topic.doubt()
    assert not topic.known
    assert not topic.present
