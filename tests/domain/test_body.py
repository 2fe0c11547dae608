"""Bodies: one order, one spelling, so that equal states are equal bytes."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from sse_presence.domain.body import body_of
from sse_presence.domain.model import Chosen, Device, Persona
from sse_presence.domain.record import OFFLINE
from sse_presence.domain.signal import Kind


def device(kind: Kind = "web", activity: str | None = None, at: int = 0) -> Device:
    return Device(
        kind=kind,
        interval=15_000,
        visible=True,
        deadline=45_000,
        signalled=0,
        input_at=0,
        idle=False,
        activity=activity,
        activity_at=at,
    )


def chosen(text: str | None = None, emoji: str | None = None, until: int | None = None) -> Chosen:
    return Chosen(status="dnd", text=text, emoji=emoji, until=until, at=0)


def activity(**devices: Device) -> str | None:
    body = body_of(Persona(devices=devices), "online", own=False)
    tag: str | None = msgspec.json.decode("{" + body + "}").get("activity")
    return tag


def test_all_members_in_their_order() -> None:
    persona = Persona(devices={"a": device(activity="in_call")}, chosen=chosen("away", "🎧", 5))
    assert body_of(persona, "dnd", own=False) == (
        '"status":"dnd","activity":"in_call","text":"away","emoji":"🎧","until":5,"devices":["web"]'
    )


def test_the_own_one_ends_with_the_override() -> None:
    persona = Persona(devices={"a": device()}, chosen=chosen("away", until=5))
    choice = '"text":"away","until":5'
    assert body_of(persona, "dnd", own=True) == (
        f'"status":"dnd",{choice},"devices":["web"],"override":{{"status":"dnd",{choice}}}'
    )


def test_offline_has_nothing_but_its_status() -> None:
    assert body_of(Persona(chosen=chosen("away")), "offline", own=False) == OFFLINE
    assert body_of(Persona(), "offline", own=True) == OFFLINE


def test_the_own_override_is_there_while_offline() -> None:
    assert body_of(Persona(chosen=chosen()), "offline", own=True) == OFFLINE + ',"override":{"status":"dnd"}'


def test_kinds_are_named_once_and_in_order() -> None:
    devices = {"a": device("web"), "b": device("mobile"), "c": device("web"), "d": device("bot")}
    assert body_of(Persona(devices=devices), "online", own=False).endswith('"devices":["bot","mobile","web"]')


def test_the_order_of_devices_means_nothing() -> None:
    one = {"a": device("web", "in_call"), "b": device("mobile", "driving")}
    other = dict(reversed(one.items()))
    assert body_of(Persona(devices=one), "idle", own=True) == body_of(
        Persona(devices=other), "idle", own=True
    )


def test_the_tag_set_last_is_shown() -> None:
    assert activity(a=device(activity="in_call", at=2), b=device(activity="driving", at=1)) == "in_call"
    assert activity(a=device(activity="in_call", at=1), b=device(activity=None, at=2)) == "in_call"
    assert activity(a=device(), b=device()) is None


def test_of_two_tags_set_at_once_the_higher_device_id_counts() -> None:
    assert activity(a=device(activity="in_call"), b=device(activity="driving")) == "driving"


def test_device_ids_are_compared_as_bytes() -> None:
    """As the scripts do, and not as UTF-16 or by a locale."""
    devices = {"\U0001f600": device(activity="emoji"), "\uffee": device(activity="halfwidth")}
    body = body_of(Persona(devices=devices), "online", own=False)
    assert '"activity":"emoji"' in body


@given(st.text(min_size=1))
def test_any_text_is_one_line_of_json(text: str) -> None:
    persona = Persona(devices={"a": device(activity=text)}, chosen=chosen(text, text))
    body = body_of(persona, "dnd", own=True)
    assert not {"\r", "\n", "\0"} & set(body)
    decoded = msgspec.json.decode("{" + body + "}")
    assert (decoded["activity"], decoded["text"], decoded["emoji"]) == (text, text, text)
