"""`sse-presence token`: a JWT for development, signed with the secret that the service has."""

from __future__ import annotations

import os
import re
from typing import Any

import click

from sse_presence.domain.rights import Rights
from sse_presence.http.mint import mint
from sse_presence.settings import settings_from

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def _seconds(_ctx: click.Context, _parameter: click.Parameter, text: str) -> int:
    """`90s`, `15m`, `1h` or `7d` in seconds."""
    found = re.fullmatch(r"([1-9][0-9]{0,8})([smhd])", text)
    if found is None:
        raise click.BadParameter(f"{text!r} is no duration; write 90s, 15m, 1h or 7d.")
    return int(found[1]) * _UNITS[found[2]]


@click.command(
    short_help="Mint a development token.",
    epilog='\b\nExample:\n  curl -H "Authorization: Bearer $(sse-presence token alice --watch-all)" …',
)
@click.argument("user")
@click.option("--watch-all", is_flag=True, help="May watch everyone and every channel.")
@click.option("--watch", multiple=True, metavar="USER", help="May watch this user. Repeatable.")
@click.option("--watch-prefix", multiple=True, metavar="PREFIX", help="May watch ids that begin so.")
@click.option("--channel", multiple=True, metavar="CHANNEL", help="May use this channel. Repeatable.")
@click.option("--channel-prefix", multiple=True, metavar="PREFIX", help="May use ids that begin so.")
@click.option(
    "--role",
    multiple=True,
    type=click.Choice(["publish", "monitor", "admin"]),
    help="publish: signal for others. admin: disconnect users. monitor: nothing yet.",
)
@click.option(
    "--lifetime",
    metavar="TIME",
    default="1h",
    callback=_seconds,
    show_default=True,
    help="How long it is good for.",
)
def token(user: str, lifetime: int, **granted: Any) -> None:
    """Print a token for USER, signed with SSE_PRESENCE_JWT_SECRET.

    It grants nothing but what is said here; a user may always watch itself. In production the application
    signs tokens of its own.
    """
    try:
        click.echo(mint(settings_from(os.environ), user, _rights(**granted), lifetime=lifetime))
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="USER") from error


def _rights(
    *,
    watch_all: bool,
    watch: tuple[str, ...],
    watch_prefix: tuple[str, ...],
    channel: tuple[str, ...],
    channel_prefix: tuple[str, ...],
    role: tuple[str, ...],
) -> Rights:
    """What the options grant; the empty prefix begins every id."""
    return Rights(
        watch=frozenset(watch),
        watch_prefix=("",) if watch_all else watch_prefix,
        channels=frozenset(channel),
        channel_prefix=("",) if watch_all else channel_prefix,
        roles=frozenset(role),
    )
