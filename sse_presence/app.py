"""The app is a value: `create_app(settings)` touches nothing outside itself, and several live side by side.

Its store and its tasks run while its lifespan does. A server starts that by itself; an application that
mounts this one has to, because servers know nothing of mounted apps:

    presence = create_app(settings, authenticate=our_own)

    @asynccontextmanager
    async def ours(app):
        async with lifespan(presence):
            yield

    app = Starlette(routes=[Mount("/presence", presence)], lifespan=ours)
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware

from sse_presence.http.auth import Authenticate, authenticator
from sse_presence.http.cors import CrossOrigin, Sharing
from sse_presence.http.direct import Direct
from sse_presence.http.leftover import ReadToEnd
from sse_presence.http.middleware import Entrance, OpenModeGuard, Rule, TargetLimit
from sse_presence.http.pages import Pages
from sse_presence.http.problems import HANDLERS
from sse_presence.http.routes import SIGNALS, routes
from sse_presence.service import Service
from sse_presence.settings import Settings


def create_app(settings: Settings, authenticate: Authenticate | None = None) -> Starlette:
    """Build the app; nothing is connected before its lifespan starts.

    `authenticate` tells the caller of a request in the place of open mode and of tokens: it returns an
    `Identity`, or raises `Unauthenticated` or `Forbidden`. Raises SettingsError.
    """
    shared = Sharing(settings.origins)
    rules: list[Rule] = [TargetLimit(settings.max_target)]
    if settings.auth == "open" and authenticate is None:
        rules.append(OpenModeGuard(settings))
    app = Starlette(
        routes=routes(),
        middleware=[
            Middleware(ReadToEnd),
            Middleware(CrossOrigin, shared),
            Middleware(Entrance, rules),
        ],
        exception_handlers=HANDLERS,
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False  # a client that posts would lose its body on the way
    if settings.demo:
        app.router.default = Pages()
    app.state.presence = Service(settings, authenticate or authenticator(settings))
    app.state.direct = Direct(app, SIGNALS, rules, shared)
    return app


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """Run the service of an app made by `create_app`: connect, serve until left, then drain and close."""
    async with app.state.presence.running():
        yield
