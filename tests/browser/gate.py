"""A proxy between pages and the service that can be a bad one, and that knows what went through it.

It serves an empty page at `/page` for the library to be tried in; all else goes to the service, which is
under `/presence/` as well, as on a site of its own.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.running import live_service

PASSED = ("accept", "accept-encoding", "authorization", "content-type", "cookie", "last-event-id")
"""Headers of requests that are passed on: not those that say that pages are not of the service."""

PAGE = """<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>A page</title>
<script type="module">
  import { connect, PresenceError } from "/presence.js";
  Object.assign(window, { connect, PresenceError, seen: [], states: [], events: [], errors: [] });
  window.start = (options) => {
    const presence = connect({ url: "/", ...options });
    presence.on("presence", (records) => {
      seen.push(...records.map(({ user, status }) => `${user} ${status}`));
    });
    presence.on("state", ({ state, reason }) => states.push(`${state} ${reason}`.trim()));
    presence.on("event", ({ type, data }) => events.push({ type, data, at: Date.now() }));
    presence.on("error", ({ status, code }) => errors.push({ status, code }));
    window.presence = presence;
  };
</script>
<form onsubmit="return false"><input aria-label="Message"></form>"""


@dataclass
class Call:
    """One request that went through."""

    method: str
    path: str
    query: dict[str, str]
    body: Any = None
    status: int = 0
    open: bool = True


class Gate:
    """What it does to requests, and those that there were."""

    url = ""

    def __init__(self, target: str) -> None:
        self.target = target
        """The service."""
        self.calls: list[Call] = []
        self.answers: dict[str, int] = {}
        """Path → the status that it is answered with instead of being passed on."""
        self.buffering = False
        """Nothing of an answer passes before all of it is there."""
        self._client = httpx.AsyncClient(timeout=None, trust_env=False)  # noqa: S113 - streams have no end

    def to(self, path: str, method: str | None = None) -> list[Call]:
        """The calls to a path of the service, in order."""
        return [call for call in self.calls if call.path == path and method in {None, call.method}]

    @property
    def streams(self) -> list[Call]:
        """Those that are open now."""
        return [call for call in self.to("/v1/events", "GET") if call.open]

    def bodies(self, signal: str) -> list[dict[str, Any]]:
        """The bodies of the signals of one kind, in order."""
        return [call.body for call in self.to(f"/v1/{signal}")]

    async def page(self, _: Request) -> Response:
        """The page to try the library in."""
        return HTMLResponse(PAGE)

    async def pass_on(self, request: Request) -> Response:
        """Pass a request on, as this gate does."""
        try:
            content = await request.body()
        except ClientDisconnect:
            return Response(status_code=400)
        body = json.loads(content) if content else None
        call = Call(request.method, f"/{request.path_params['path']}", dict(request.query_params), body)
        self.calls.append(call)
        if status := self.answers.get(call.path):
            call.status, call.open = status, False
            return Response(status_code=status)
        try:
            return await self._answer(request, content, call)
        except httpx.HTTPError:
            call.status, call.open = 502, False
            return Response(status_code=502)

    async def _answer(self, request: Request, content: bytes, call: Call) -> Response:
        headers = {name: request.headers[name] for name in PASSED if name in request.headers}
        url = f"{self.target}{call.path}?{request.url.query}"
        sent = self._client.build_request(call.method, url, headers=headers, content=content)
        answer = await self._client.send(sent, stream=True)
        call.status = answer.status_code
        response = StreamingResponse(self._body(answer, call), answer.status_code)
        for name in ("cache-control", "content-encoding", "content-type", "retry-after", "set-cookie"):
            if name in answer.headers:
                response.headers[name] = answer.headers[name]
        return response

    async def _body(self, answer: httpx.Response, call: Call) -> AsyncIterator[bytes]:
        held = b""
        try:
            async for chunk in answer.aiter_raw():
                if self.buffering:
                    held += chunk
                else:
                    yield chunk
            yield held
        except httpx.HTTPError:
            return
        finally:
            call.open = False
            await answer.aclose()

    async def close(self) -> None:
        """Let the service go."""
        await self._client.aclose()


@asynccontextmanager
async def gate_before(target: str) -> AsyncIterator[Gate]:
    """A gate before the service at `target`, for the length of the block."""
    gate = Gate(target)
    methods = ["GET", "HEAD", "POST", "PATCH"]
    routes = [
        Route("/page", gate.page),
        Route("/presence/{path:path}", gate.pass_on, methods=methods),
        Route("/{path:path}", gate.pass_on, methods=methods),
    ]
    async with live_service(Starlette(routes=routes)) as gate.url:
        yield gate
    await gate.close()
