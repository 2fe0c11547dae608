"""`sse-presence serve`: settings, store, socket and server put together, in this order.

Whatever is wrong is said before the first request could be taken. The embedded Valkey belongs to this
process and is gone when it is, however it ends.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING, NoReturn, cast

import click
import msgspec
import uvicorn

from sse_presence import open_files
from sse_presence.app import create_app
from sse_presence.cli.banner import banner
from sse_presence.cli.direct import DirectProtocol
from sse_presence.cli.listen import BACKLOG, KEEP_ALIVE, bind, listen, loopback, url
from sse_presence.cli.workers import WORKER, end_with_supervisor, serve_command, supervise
from sse_presence.errors import PresenceError, SettingsError
from sse_presence.settings import Settings, settings_from
from sse_presence.store.embedded import embedded

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SILENT = 5_000
"""Milliseconds past SEND_TIMEOUT after which a peer that acknowledges nothing has vanished, so that those who
are there and only read nothing are found first. With a ping every 15 s, that is 45 s at most."""

_BACKSTOP = 10
"""Seconds past the drain after which connections that still hang are cut."""

_UNWOUND = 5
"""Seconds past that after which the server cancels what still runs, with a traceback for each."""


@click.command(
    short_help="Run the service.",
    epilog="Everything else is set by environment variables: `sse-presence settings`.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=8000, show_default=True, type=click.IntRange(0, 65_535), help="0 takes a free one."
)
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(1, 64),
    help="Processes that share the port; about one a core.",
)
@click.option(
    "--insecure-open",
    is_flag=True,
    help="Allow open mode, where everyone has every right, beyond this machine.",
)
@click.option(
    "--log-level",
    default="info",
    show_default=True,
    type=click.Choice(["debug", "info", "warning", "error"]),
    help="How much to log, to standard error.",
)
def serve(*, host: str, port: int, workers: int, insecure_open: bool, log_level: str) -> None:
    """Run the service until Ctrl-C or SIGTERM.

    Without REDIS_URL an embedded Valkey holds the state, and ends with the service. Open mode, the default,
    asks nobody who they are and serves this machine only; for everything else set SSE_PRESENCE_AUTH=jwt
    and SSE_PRESENCE_JWT_SECRET.
    """
    worker = os.environ.pop(WORKER, "") != ""
    settings = settings_from(os.environ)
    if insecure_open:
        settings = msgspec.structs.replace(settings, insecure_open=True)
    _check_host(settings, host)
    logging.basicConfig(
        level=log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr
    )
    logging.getLogger("uvicorn").setLevel(max(logging.WARNING, logging.root.level))
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, _end)
    store = "external store" if settings.redis_url else "embedded Valkey"
    if workers > 1:
        with bind(host, port, shared=True) as place, _stored(settings) as stored:
            options = [*(["--insecure-open"] if insecure_open else []), "--log-level", log_level]
            command = serve_command(host, place.getsockname()[1], options)
            environ = os.environ | {"REDIS_URL": stored.redis_url}
            store = f"{workers} workers · {store}"
            raise SystemExit(supervise(workers, command, environ, _say(settings, place, store)))
    open_files.raise_limit()
    with (
        listen(host, port, shared=worker, silent=settings.send_timeout + _SILENT) as listener,
        _stored(settings) as stored,
    ):
        if worker:
            end_with_supervisor()
        _run(stored, listener, _say_ready if worker else _say(settings, listener, store))


def _say(settings: Settings, listener: socket.socket, store: str) -> Callable[[], None]:
    return lambda: click.echo(banner(settings, url(listener), store))


def _say_ready() -> None:
    """A worker tells its supervisor, who tells the world."""
    click.echo("ready")


def _end(*_: object) -> NoReturn:
    """Unwind, so that every `with` is left; uvicorn calls this again after its own orderly shutdown.

    From here on the end is certain and short, and a second signal could only tear it apart.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    raise SystemExit(0)


def _check_host(settings: Settings, host: str) -> None:
    if settings.auth == "open" and not settings.insecure_open and not loopback(host):
        raise SettingsError(
            f"Open mode gives everyone every right, so it serves only this machine, and {host} is reachable "
            "from others. Set SSE_PRESENCE_AUTH=jwt and SSE_PRESENCE_JWT_SECRET (`openssl rand -base64 48`), "
            "or say --insecure-open if the network keeps strangers out."
        )


@contextmanager
def _stored(settings: Settings) -> Iterator[Settings]:
    """The settings with a store in them."""
    if settings.redis_url:
        yield settings
    else:
        with embedded() as redis_url:
            yield msgspec.structs.replace(settings, redis_url=redis_url)


def _run(settings: Settings, listener: socket.socket, ready: Callable[[], None]) -> None:
    presence = create_app(settings)
    app = _Startup(presence)
    config = uvicorn.Config(
        app,
        interface="asgi3",
        http=cast("type[asyncio.Protocol]", partial(DirectProtocol, presence.state.direct)),
        lifespan="on",
        ws="none",
        log_config=None,
        access_log=False,  # it would print tickets
        server_header=False,
        proxy_headers=False,  # no client address is used for anything
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=settings.drain // 1000 + _BACKSTOP + _UNWOUND,
    )
    server = _Server(config, ready, settings.drain / 1000 + _BACKSTOP)
    try:
        server.run(sockets=[listener])
    except SystemExit:
        if app.refusal:
            raise app.refusal from None
        raise


def _collect_seldom() -> None:
    """Let the collector of cyclic garbage look at what is new, and seldom at all of it.

    An open stream is dozens of objects that stay; to look through those of 10,000 streams stops the loop for
    as long as a presence window, and finds nothing, for what a stream leaves behind needs no collector.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 1_000)


class _Startup:
    """The app, keeping hold of a `PresenceError` that stops it from starting."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.refusal: PresenceError | None = None

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Requests go straight through: not even a frame is added to a stream."""
        if scope["type"] != "lifespan":
            return self._app(scope, receive, send)
        return self._lifespan(scope, receive, send)

    async def _lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        failed: list[Message] = []

        async def hold(message: Message) -> None:
            if message["type"] == "lifespan.startup.failed":
                failed.append(message)
            else:
                await send(message)

        try:
            await self._app(scope, receive, hold)
        except PresenceError as error:
            self.refusal = error
            logging.getLogger("uvicorn").setLevel(logging.CRITICAL)  # the sentence says it all
            failed = [{"type": "lifespan.startup.failed"}]
        except asyncio.CancelledError:
            return  # stopped while it was starting
        for message in failed:
            await send(message)


class _Server(uvicorn.Server):
    """A server that says when it is ready, can be stopped before, and waits for no peer for ever."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None], patience: float) -> None:
        super().__init__(config)
        self._ready = ready
        self._patience = patience

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        _collect_seldom()
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop; a peer that takes nothing would keep its answer waiting until that is cancelled."""
        cut = self._loop.call_later(self._patience, self._cut)
        await super().shutdown(sockets)
        cut.cancel()

    def _cut(self) -> None:
        for connection in [*self.server_state.connections]:
            cast("DirectProtocol", connection).transport.abort()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        if not self.started:
            _end()  # uvicorn looks at signals only after the start, which may be waiting for something
        if self.force_exit:  # Ctrl-C again: nobody is waited for any more, and all else ends as it does
            self.force_exit = False
            self._loop.call_soon_threadsafe(self._cut)
