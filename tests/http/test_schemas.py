"""Right types are not enough: bounds are named with their values, and all flaws at once."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from sse_presence.domain.signal import Heartbeat, Override
from sse_presence.errors import Invalid
from sse_presence.http.schemas import HeartbeatBody, LeaveBody, SignalBody, StatusBody, TypingBody
from sse_presence.settings import Settings

SETTINGS = Settings()
DAY = 86_400_000


def fields(body: HeartbeatBody | StatusBody | TypingBody | LeaveBody) -> list[str]:
    """The fields that are refused."""
    return [error.field for error in body.flaws(SETTINGS)]


def test_left_out_fields_take_their_defaults() -> None:
    assert HeartbeatBody(device="d").signal(SETTINGS) == Heartbeat(device="d", interval=15_000)


@pytest.mark.parametrize("body", [HeartbeatBody, StatusBody, TypingBody, LeaveBody])
def test_null_says_the_same_as_leaving_a_field_out(body: type[SignalBody]) -> None:
    fields = msgspec.structs.fields(body)
    least = {"device": "d", "channel": "c", "typing": True, "status": "dnd"}
    given = {field.name: least[field.name] for field in fields if field.required}
    nulls = {field.name: None for field in fields if not field.required}
    taken = [msgspec.convert(members, body) for members in (given, given | nulls)]
    signals = [each.signal(SETTINGS) if isinstance(each, HeartbeatBody) else each for each in taken]
    assert signals[0] == signals[1]


@pytest.mark.parametrize(
    ("given", "taken"),
    [(-1, 0), (-(10**30), 0), (0, 0), (1_200, 1_200), (DAY, DAY), (DAY + 1, DAY), (10**30, DAY)],
)
def test_idle_time_is_clamped_to_a_day(given: int, taken: int) -> None:
    assert HeartbeatBody(device="d", idle_ms=given).signal(SETTINGS).idle_ms == taken


@pytest.mark.parametrize(
    ("interval", "good"), [(4_999, False), (5_000, True), (60_000, True), (60_001, False)]
)
def test_an_interval_is_from_a_third_to_four_times(interval: int, good: bool) -> None:  # noqa: FBT001
    body = HeartbeatBody(device="d", interval_ms=interval)
    assert fields(body) == ([] if good else ["interval_ms"])
    if not good:
        with pytest.raises(Invalid, match="between 5000 and 60000"):
            body.check(SETTINGS)


def test_a_third_is_rounded_up() -> None:
    body = HeartbeatBody(device="d", interval_ms=33)
    assert [error.detail for error in body.flaws(Settings(heartbeat=100, grace=100))] == [
        "must be between 34 and 400"
    ]


@pytest.mark.parametrize("activity", ["in_call", "a", "x" * 32, "game.chess-1"])
def test_activities_are_short_tags(activity: str) -> None:
    assert fields(HeartbeatBody(device="d", activity=activity)) == []


@pytest.mark.parametrize("activity", ["in a call", "x" * 33, "é", "a\n", "\0", '"'])
def test_other_activities_are_refused(activity: str) -> None:
    assert fields(HeartbeatBody(device="d", activity=activity)) == ["activity"]


def test_a_device_may_be_in_fifty_channels() -> None:
    names = [f"room-{number}" for number in range(51)]
    assert fields(HeartbeatBody(device="d", channels=names[1:] * 2)) == []
    body = HeartbeatBody(device="d", channels=names)
    assert [error.detail for error in body.flaws(SETTINGS)] == ["may name 50 channels, and names 51"]
    assert fields(HeartbeatBody(device="d", channels=["a", "", "b\n"])) == ["channels[1]", "channels[2]"]
    assert fields(HeartbeatBody(device="d", channels=[])) == []


def test_only_channels_that_are_allowed_reach_the_store() -> None:
    body = HeartbeatBody(device="d", channels=["a", "b"])
    assert body.signal(SETTINGS, ["b"]).channels == ("b",)
    assert body.signal(SETTINGS).channels == ()


@pytest.mark.parametrize(
    "text", ["x" * 100, "🙂" * 100, "a\r\nb", "\x1b", "data: x\n\nevent: bye\n", "\u2028"]
)
def test_text_is_anything_of_100_characters(text: str) -> None:
    assert StatusBody(status="dnd", text=text).signal() == Override(status="dnd", text=text)
    assert fields(StatusBody(status="dnd", text=text)) == []


@pytest.mark.parametrize(
    ("member", "field"),
    [
        ({"text": "x" * 101}, "text"),
        ({"text": "a\0b"}, "text"),
        ({"emoji": "x" * 65}, "emoji"),
        ({"emoji": "\0"}, "emoji"),
        ({"expires_in": 0}, "expires_in"),
        ({"expires_in": -1}, "expires_in"),
        ({"expires_in": 2_592_000_001}, "expires_in"),
        ({"expires_in": 10**30}, "expires_in"),
        ({"user": ""}, "user"),
    ],
)
def test_what_a_status_cannot_have(member: dict[str, Any], field: str) -> None:
    assert fields(StatusBody(status="idle", **member)) == [field]


@pytest.mark.parametrize("emoji", ["📞", "👩🏽‍❤️‍💋‍👨🏿", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", ":party-parrot:"])
def test_the_longest_emoji_fit(emoji: str) -> None:
    assert fields(StatusBody(status="online", emoji=emoji)) == []


def test_empty_is_the_same_as_left_out() -> None:
    assert StatusBody(status="dnd", text="", emoji="").signal() == Override(status="dnd")
    assert HeartbeatBody(device="d", activity="").signal(SETTINGS).activity is None


def test_all_flaws_are_named_at_once() -> None:
    body = TypingBody(user="", device="\0", channel="x" * 129, typing=True)
    with pytest.raises(Invalid) as caught:
        body.check(SETTINGS)
    assert [error.field for error in caught.value.errors] == ["user", "device", "channel"]
