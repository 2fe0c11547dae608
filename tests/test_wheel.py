"""The built wheel holds all that it needs: it runs from an environment that has never seen the sources."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import httpx
import pytest

from tests.running import CEILING, Service

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built once from the sources."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", folder, ROOT], check=True, capture_output=True
    )
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_pages_and_scripts_and_no_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    held = {Path(name).suffix for name in names if name.startswith("sse_presence/")}
    assert {".py", ".lua", ".html", ".js", ".css", ".typed"} <= held
    assert {Path(name).parts[0].removesuffix(".dist-info").split("-")[0] for name in names} == {
        "sse_presence"
    }


def test_the_wheel_runs_from_a_clean_environment(wheel: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    bin_ = tmp_path / "venv" / "bin"
    subprocess.run([bin_ / "pip", "install", "--quiet", wheel], check=True)
    service = Service(tmp_path / "log", command=bin_ / "sse-presence", redis_url=None)
    try:
        with httpx.Client(base_url=service.url, timeout=CEILING, trust_env=False) as client:
            page = client.get("/")
            assert page.status_code == httpx.codes.OK
            assert page.headers["content-type"].startswith("text/html")
            script = client.get("/presence.classic.js")
            assert script.headers["content-type"].startswith("text/javascript")
            assert "globalThis.ssePresence" in script.text
            beat = client.post("/v1/heartbeat?as=alice", json={"device": "laptop"})
            assert (beat.status_code, beat.json()["status"]) == (httpx.codes.OK, "online")
    finally:
        service.stop()
    assert "Traceback" not in service.log
