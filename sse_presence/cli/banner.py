"""What `serve` prints when it is ready: where to look, and two lines to paste."""

from __future__ import annotations

from importlib.metadata import version

import click

from sse_presence.settings import Settings

_BEAT = """-H 'Content-Type: application/json' -d '{"device": "laptop"}'"""


def banner(settings: Settings, url: str, store: str) -> str:
    """The text, with colour where it is shown in a terminal (`click.echo` takes it out elsewhere)."""
    gone = settings.heartbeat * settings.liveness_factor / 1000
    title = f"{click.style('SSE Presence', bold=True)} {version('sse-presence')}"
    lines = [
        f"{title} · {settings.auth} mode · {store}",
        "",
        f"  {click.style(f'{url}/', fg='cyan', bold=True)}{_page(settings)}",
        "",
        "  Watch alice in one terminal,",
        f"    {click.style(_curl(settings, 'bob', f'{url}/v1/events?user=alice', '-N'), fg='green')}",
        f"  and let her come in another (she is gone again {gone:g} s after the last time):",
        f"    {click.style(_curl(settings, 'alice', f'{url}/v1/heartbeat', _BEAT), fg='green')}",
        "",
        "  Ctrl-C ends it.",
        "",
    ]
    return "\n".join(lines)


def _page(settings: Settings) -> str:
    """What is at the address; the demo page signs in by names, which takes open mode."""
    return "  the demo page" if settings.demo and settings.auth == "open" else ""


def _curl(settings: Settings, user: str, url: str, options: str) -> str:
    """One command in the name of a user."""
    if settings.auth == "open":
        return f"curl {options} '{url}{'&' if '?' in url else '?'}as={user}'"
    return f"curl {options} -H \"Authorization: Bearer $(sse-presence token {user} --watch-all)\" '{url}'"
