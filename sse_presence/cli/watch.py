"""`sse-presence watch`: a stream in a terminal, through every interruption, until Ctrl-C.

A lost connection is taken up again where it was, by the id of the last event. A request that the service
refuses ends with its sentence; trying again would not mend it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import click
from httpx_sse import ServerSentEvent

from sse_presence.cli import words
from sse_presence.cli.follow import Lost, follow


@click.command(short_help="Print changes as they come.")
@click.option("--user", "users", multiple=True, metavar="USER", help="Watch this user. Repeatable.")
@click.option(
    "--channel",
    "channels",
    multiple=True,
    metavar="CHANNEL",
    help="Show who types here. Repeatable.",
)
@click.option("--url", default="http://127.0.0.1:8000", show_default=True, help="Where the service is.")
@click.option("--as", "me", default="terminal", show_default=True, help="Who you are, in open mode.")
@click.option(
    "--token",
    envvar="PRESENCE_TOKEN",
    show_envvar=True,
    help="Who you are, otherwise.",
)
@click.option("--json", "raw", is_flag=True, help="Print each event as a line of JSON.")
def watch(
    *, users: tuple[str, ...], channels: tuple[str, ...], url: str, me: str, token: str | None, raw: bool
) -> None:
    """Print who comes, goes, idles and types, as it happens.

    Example: sse-presence watch --user alice --user bob --channel general
    """
    if not users and not channels:
        raise click.UsageError("Say whom to watch: --user alice, or --channel general.")
    interest = [*(("user", user) for user in users), *(("channel", channel) for channel in channels)]
    events = follow(f"{url.rstrip('/')}/v1/events", interest, me=me, token=token)
    width = max(len(name) for name in (*users, *(f"#{channel}" for channel in channels)))
    try:
        for line in _raw(events) if raw else _lines(events, width):
            click.echo(line)
    except KeyboardInterrupt:
        click.echo(err=True)


def _raw(events: Iterable[ServerSentEvent | Lost]) -> Iterator[str]:
    """Every event as JSON: ASCII only, so that nothing in it can act on a terminal."""
    for event in events:
        if isinstance(event, ServerSentEvent):
            yield json.dumps({"event": event.event, "id": event.id, "data": event.json()})


def _lines(events: Iterable[ServerSentEvent | Lost], width: int) -> Iterator[str]:
    """What changed, as lines; what is the same as the last line about it is left out."""
    shown: dict[tuple[str, str], str] = {}
    for event in events:
        now = datetime.now().astimezone()
        for key, line in _news(event, width, now):
            if shown.get(key) != line:
                shown[key] = line
                yield f"{words.stamp(now)}  {line}"


def _news(event: ServerSentEvent | Lost, width: int, now: datetime) -> Iterator[tuple[tuple[str, str], str]]:
    """What an event says, as (about, line)."""
    connection = ("connection", "")
    if isinstance(event, Lost):
        yield connection, click.style(f"-- {event.sentence}", fg="yellow")
        return
    data: dict[str, Any] = event.json()
    match event.event:
        case "hello":
            yield connection, click.style("-- connected; Ctrl-C ends", dim=True)
        case "snapshot" | "presence":
            for record in data["users"]:
                yield ("user", record["user"]), words.presence(record, width, now)
        case "typing":
            for entry in data["channels"]:
                yield ("channel", entry["channel"]), words.typing(entry, width)
        case "stale":
            yield connection, click.style("-- the service has lost its store; this may be old", fg="yellow")
        case "fresh":
            yield connection, click.style("-- the store is back, and this is up to date", dim=True)
        case "bye":
            yield connection, click.style(f"-- the service closed the stream ({data['reason']})", fg="yellow")
