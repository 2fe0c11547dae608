"""The browser library as the service sends it: in one file, small, and never older than its modules."""

from __future__ import annotations

import gzip
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from sse_presence.http import pages
from sse_presence.http.bundle import FILES, bundle
from tests.running import live_service

SIZE = 12 * 1024
"""Bytes, compressed, of all that a page loads to be present."""


@asynccontextmanager
async def served() -> AsyncIterator[httpx.AsyncClient]:
    app = Starlette()
    app.router.default = pages.Pages()
    async with live_service(app) as url, httpx.AsyncClient(base_url=url, trust_env=False) as client:
        yield client


@pytest.mark.parametrize("name", ["presence.js", "presence.classic.js"])
async def test_the_library_is_small(name: str) -> None:
    """What goes over the wire, and what a proxy would make of it that compresses by itself."""
    async with served() as client, client.stream("GET", f"/{name}") as answer:
        assert answer.headers["content-encoding"] == "gzip"
        sent = b"".join([chunk async for chunk in answer.aiter_raw()])
    assert len(sent) <= SIZE
    text = gzip.decompress(sent).decode()
    assert text == bundle(pages.folder(), name)
    assert "import" not in text.replace("important", "")
    assert len(gzip.compress(text.encode(), 6)) <= SIZE


async def test_who_takes_it_plain_gets_it_plain() -> None:
    async with served() as client:
        for name in FILES:
            plain = await client.get(f"/{name}", headers={"Accept-Encoding": "identity"})
            packed = await client.get(f"/{name}")
            assert "content-encoding" not in plain.headers
            assert plain.text == packed.text
            assert plain.headers["etag"] != packed.headers["etag"]
            assert packed.headers["vary"] == "Accept-Encoding"
            assert packed.headers["content-type"].startswith("text/javascript")
            head = await client.head(f"/{name}")
            assert (head.headers["etag"], head.content) == (packed.headers["etag"], b"")


async def test_a_change_of_a_module_is_there_at_the_next_load(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """There is nothing to build, and nothing to restart."""
    copy = tmp_path / "static"
    shutil.copytree(pages.folder(), copy)
    monkeypatch.setattr(pages, "folder", lambda: copy)
    async with served() as client:
        first = await client.get("/presence.js")
        again = await client.get("/presence.js", headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.headers["cache-control"]) == (304, "no-cache")
        module = copy / "presence" / "backoff.js"
        module.write_text(module.read_text().replace("30_000", "31_000"))
        os.utime(module, (0, 2e9))  # clocks of file systems are coarse
        changed = await client.get("/presence.js", headers={"If-None-Match": first.headers["etag"]})
        assert (changed.status_code, changed.text) == (200, first.text.replace("30_000", "31_000", 1))


@pytest.mark.parametrize(
    "line", ['import * as all from "./error.js";', "export default 1;", "export * from './x';"]
)
def test_a_form_of_import_that_is_not_known_is_told(line: str, tmp_path: Path) -> None:
    (tmp_path / "presence.js").write_text(f"{line}\n")
    with pytest.raises(ValueError, match=r"presence\.js: write imports and exports as"):
        bundle(tmp_path, "presence.js")
