"""The demo page and the browser client, from the installed package or from a checkout."""

from __future__ import annotations

from os import PathLike, stat_result
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

_PACKAGE = Path(__file__).parent.parent


def folder() -> Path:
    """Where the pages are: in the package once it is built, at the top of a checkout before."""
    built = _PACKAGE / "static"
    return built if built.is_dir() else _PACKAGE.parent / "static"


class Pages(StaticFiles):
    """Files that browsers keep but ask about each time, so that a new version is never half loaded."""

    def __init__(self) -> None:
        super().__init__(directory=folder(), html=True)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file at a path; for other methods than GET and HEAD nothing is here."""
        if scope["method"] not in {"GET", "HEAD"}:
            raise HTTPException(404)
        return await super().get_response(path, scope)

    def file_response(
        self, full_path: str | PathLike[str], stat_result: stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """One file, or 304 for one that the browser has."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["Cache-Control"] = "no-cache"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response
