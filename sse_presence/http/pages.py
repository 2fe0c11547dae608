"""The demo page and the browser library, from the installed package or from a checkout.

The library is sent as bundles, which are made when they are asked for, and anew when a module has changed.
"""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import anyio.to_thread
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import NotModifiedResponse, StaticFiles
from starlette.types import Scope

from sse_presence.http.bundle import FILES, bundle

_PACKAGE = Path(__file__).parent.parent


def folder() -> Path:
    """Where the pages are: in the package once it is built, at the top of a checkout before."""
    built = _PACKAGE / "static"
    return built if built.is_dir() else _PACKAGE.parent / "static"


class Pages(StaticFiles):
    """Files that browsers keep but ask about each time, so that a new version is never half loaded."""

    def __init__(self) -> None:
        self._folder = folder()
        self._made: dict[str, tuple[int, bytes, bytes]] = {}
        """Name → when its newest module was changed, and the bundle, plain and compressed."""
        super().__init__(directory=self._folder, html=True)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file at a path; for other methods than GET and HEAD nothing is here."""
        if scope["method"] not in {"GET", "HEAD"}:
            raise HTTPException(404)
        if path in FILES:
            response = await anyio.to_thread.run_sync(self._bundle, path, Headers(scope=scope))
        else:
            response = await super().get_response(path, scope)
            if path.endswith(".ts") and "Content-Type" in response.headers:  # systems think of video
                response.headers["Content-Type"] = "text/plain; charset=utf-8"
        response.headers["Cache-Control"] = "no-cache"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    def _bundle(self, name: str, asked: Headers) -> Response:
        """A bundle, or 304 for one that the browser has."""
        changed = max(path.stat().st_mtime_ns for path in self._folder.glob("**/*.js"))
        made = self._made.get(name)
        if made is None or made[0] != changed:
            text = bundle(self._folder, name).encode()
            made = self._made[name] = changed, text, gzip.compress(text, mtime=0)
        _, text, compressed = made
        headers = {"Vary": "Accept-Encoding"}
        if "gzip" in asked.get("accept-encoding", ""):
            text = compressed
            headers["Content-Encoding"] = "gzip"
        headers["ETag"] = f'"{hashlib.sha256(text).hexdigest()[:32]}"'
        response = Response(text, headers=headers, media_type="text/javascript")
        if self.is_not_modified(response.headers, asked):
            return NotModifiedResponse(response.headers)
        return response
