"""What a terminal shows of records and typing lists, colours left out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import click
import pytest

from sse_presence.cli import words

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=timezone(timedelta(hours=2)))
HALF_PAST_NINE = int(datetime(2026, 5, 4, 9, 30, tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("record", "line"),
    [
        ({"status": "offline", "version": 0}, "alice  ○ offline    never seen"),
        ({"status": "offline", "version": 7}, "alice  ○ offline"),
        (
            {"status": "offline", "version": 7, "last_seen": HALF_PAST_NINE},
            "alice  ○ offline    last seen about 11:30",
        ),
        (
            {"status": "idle", "version": 7, "last_seen": HALF_PAST_NINE - 86_400_000, "devices": ["web"]},
            "alice  ◐ idle       web · last seen about 2026-05-03 11:30",
        ),
        (
            {"status": "online", "version": 2, "devices": ["mobile", "web"], "activity": "in_call"},
            "alice  ● online     mobile · web · in_call",
        ),
        (
            {"status": "dnd", "version": 2, "emoji": "🌴", "text": "lunch", "until": HALF_PAST_NINE},
            "alice  ⊖ dnd        🌴 lunch · until 11:30",
        ),
        ({"status": "to come", "version": 1}, "alice  ? to come"),
    ],
)
def test_records(record: dict[str, Any], line: str) -> None:
    assert click.unstyle(words.presence({"user": "alice", **record}, 5, NOW)).rstrip() == line


@pytest.mark.parametrize(
    ("names", "count", "line"),
    [
        ([], 0, "#general  ✎ nobody is typing"),
        (["bob"], 1, "#general  ✎ bob is typing"),
        (["bob", "carol"], 2, "#general  ✎ bob and carol are typing"),
        (["bob", "carol", "dave"], 3, "#general  ✎ bob, carol and dave are typing"),
        (["bob"], 3, "#general  ✎ bob and 2 more are typing"),
    ],
)
def test_typing(names: list[str], count: int, line: str) -> None:
    entry = {"channel": "general", "typing": [{"user": name} for name in names], "count": count}
    assert click.unstyle(words.typing(entry, 8)) == line


@pytest.mark.parametrize("text", ["\x1b[2J", "a\r\nb", "\x00", "\x9b31m", "\u202egnp.exe", "\x7f"])
def test_nothing_a_stranger_writes_acts_on_the_terminal(text: str) -> None:
    record = {"user": text, "status": "dnd", "version": 1, "text": text, "activity": text, "emoji": text}
    lines = [
        click.unstyle(words.presence(record, 5, NOW)),
        click.unstyle(words.typing({"channel": text, "typing": [{"user": text}], "count": 1}, 5)),
    ]
    assert all(line.isprintable() for line in lines)


def test_long_names_do_not_push_all_others_aside() -> None:
    line = words.presence({"user": "alice", "status": "idle", "version": 1}, 128, NOW)
    assert click.unstyle(line).index("◐") < 30
