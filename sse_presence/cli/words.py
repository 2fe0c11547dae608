"""Events as lines for people: aligned, coloured, in local time and in words.

Ids and texts come from strangers, so whatever a terminal might take for a command is shown as `?`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import click

_STATUS: Mapping[str, tuple[str, str]] = {
    "online": ("●", "green"),
    "idle": ("◐", "yellow"),
    "dnd": ("⊖", "red"),
    "invisible": ("◌", "magenta"),
    "offline": ("○", "bright_black"),
}

_COLUMN = 24
"""The widest column of names; longer ones push their line to the right."""


def plain(text: str) -> str:
    """The text, with everything taken out that could move a cursor or hide something."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def stamp(moment: datetime) -> str:
    """The left column: the time of day."""
    return click.style(f"{moment:%H:%M:%S}", dim=True)


def presence(record: Mapping[str, Any], width: int, now: datetime) -> str:
    """One record as a line, without its time."""
    sign, colour = _STATUS.get(record["status"], ("?", "white"))
    name = plain(record["user"]).ljust(min(width, _COLUMN))
    status = click.style(f"{sign} {record['status']:<9}", fg=colour)
    return f"{click.style(name, bold=True)}  {status}  {' · '.join(_details(record, now))}"


def typing(entry: Mapping[str, Any], width: int) -> str:
    """The whole list of those who type in a channel as a line, without its time."""
    names = [plain(typist["user"]) for typist in entry["typing"]]
    more = entry.get("count", len(names)) - len(names)
    who = _listed([*names, f"{more} more"] if more > 0 else names)
    channel = plain("#" + entry["channel"]).ljust(min(width, _COLUMN))
    says = f"{who} {'is' if len(names) == 1 and more <= 0 else 'are'} typing" if names else "nobody is typing"
    return f"{click.style(channel, bold=True)}  {click.style('✎', fg='cyan')} {says}"


def _details(record: Mapping[str, Any], now: datetime) -> list[str]:
    details = [plain(part) for part in (*record.get("devices", ()), record.get("activity")) if part]
    said = " ".join(plain(record[part]) for part in ("emoji", "text") if record.get(part))
    if said:
        details.append(said)
    if record.get("until"):
        details.append(f"until {_clock(record['until'], now)}")
    if record.get("last_seen"):
        details.append(f"last seen about {_clock(record['last_seen'], now)}")
    if record["version"] == 0:
        details.append("never seen")
    return details


def _clock(milliseconds: int, now: datetime) -> str:
    """A moment in local time; with its date on another day."""
    moment = datetime.fromtimestamp(milliseconds / 1000, now.tzinfo)
    return f"{moment:%H:%M}" if moment.date() == now.date() else f"{moment:%Y-%m-%d %H:%M}"


def _listed(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)
