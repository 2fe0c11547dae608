"""The body of a record: the JSON members that make up its equality, in one fixed order.

Two states that look alike give the same bytes, so that "has it changed" is one string comparison.
"""

from __future__ import annotations

import msgspec

from sse_presence.domain.model import Chosen, Persona


def _text(value: str) -> str:
    """One JSON string."""
    return msgspec.json.encode(value).decode()


def _choice(chosen: Chosen) -> list[str]:
    """What a user chose to say beside its status."""
    members = []
    if chosen.text is not None:
        members.append(f'"text":{_text(chosen.text)}')
    if chosen.emoji is not None:
        members.append(f'"emoji":{_text(chosen.emoji)}')
    if chosen.until is not None:
        members.append(f'"until":{chosen.until}')
    return members


def _activity(persona: Persona) -> str | None:
    """The tag most recently set among live devices; ties go to the higher device id."""
    tagged = [
        (device.activity_at, name.encode(), device.activity)
        for name, device in persona.devices.items()
        if device.activity is not None
    ]
    return max(tagged)[2] if tagged else None


def body_of(persona: Persona, status: str, *, own: bool) -> str:
    """The members of a persona's record; `own` adds the override that is set, also while offline."""
    members = [f'"status":"{status}"']
    chosen = persona.chosen
    if persona.devices:
        activity = _activity(persona)
        if activity is not None:
            members.append(f'"activity":{_text(activity)}')
        if chosen is not None:
            members += _choice(chosen)
        kinds = sorted({device.kind for device in persona.devices.values()})
        members.append('"devices":[' + ",".join(f'"{kind}"' for kind in kinds) + "]")
    if own and chosen is not None:
        members.append('"override":{' + ",".join([f'"status":"{chosen.status}"', *_choice(chosen)]) + "}")
    return ",".join(members)
