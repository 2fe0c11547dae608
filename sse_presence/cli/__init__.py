"""The command line: one group, and errors of ours as sentences instead of tracebacks.

Exit codes: 0 after an ordinary end (Ctrl-C included, and SIGTERM of `serve`), 2 when an option or a setting
is wrong and nothing was started, 1 for everything else that could be said in a sentence.
"""

from __future__ import annotations

from typing import Any

import click

from sse_presence.cli.mint import token
from sse_presence.cli.serve import serve
from sse_presence.cli.table import settings
from sse_presence.cli.watch import watch
from sse_presence.errors import PresenceError, SettingsError


class _Wrong(click.ClickException):
    """An option or a setting is wrong."""

    exit_code = 2


class _Sentences(click.Group):
    """A group whose commands may raise `PresenceError`."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except PresenceError as error:
            raise (_Wrong if isinstance(error, SettingsError) else click.ClickException)(
                str(error)
            ) from error


@click.group(
    cls=_Sentences,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Settings are environment variables; `sse-presence settings` lists them.",
)
@click.version_option(package_name="sse-presence", message="%(package)s %(version)s")
def main() -> None:
    """User presence over plain HTTP and Server-Sent Events.

    Who is online, idle, busy, in a call, typing or gone: clients signal with POST, watchers listen to a
    stream. Start with `sse-presence serve`.
    """


for _command in (serve, token, watch, settings):
    main.add_command(_command)
