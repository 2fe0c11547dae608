"""The browser client as it is shipped: tested, typed, and an npm package that installs.

Its pure parts have their tests in the `*.test.mjs` beside this, which Node runs.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from sse_presence.http.bundle import FILES, bundle

pytestmark = pytest.mark.node

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
STATIC = ROOT / "static"
FOREIGN = ROOT / "tests" / "foreign" / "node_modules"
TYPESCRIPT = FOREIGN / "typescript" / "bin" / "tsc"
BUNDLE = "sse_presence/http/bundle.py"


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    """Run a program that must succeed; what it said."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.parametrize("script", sorted(HERE.glob("*.test.mjs")), ids=lambda path: path.name)
def test_node_finds_the_pure_parts_right(script: Path) -> None:
    run("node", "--test", script)


def test_it_depends_on_nothing() -> None:
    """Modules import each other by their files, so that no build step is needed."""
    entries = (STATIC / "presence.js", STATIC / "elements.js")
    for path in (*entries, *(STATIC / "presence").glob("*.js"), *(STATIC / "elements").glob("*.js")):
        for name in re.findall(r'from "([^"]+)"', path.read_text()):
            assert (path.parent / name).is_file(), (path, name)
    package = json.loads((STATIC / "package.json").read_text())
    assert not package.keys() & {"dependencies", "peerDependencies"}


def test_the_package_has_the_version_of_the_service() -> None:
    found = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert found
    assert json.loads((STATIC / "package.json").read_text())["version"] == found[1]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that has installed the package, offline, as `npm pack` makes it."""
    folder = tmp_path_factory.mktemp("project")
    copy = tmp_path_factory.mktemp("copy")  # packing writes into the folder, and others read it meanwhile
    shutil.copytree(STATIC, copy / "static")
    (copy / BUNDLE).parent.mkdir(parents=True)
    shutil.copy(ROOT / BUNDLE, copy / BUNDLE)
    run("npm", "pack", "--silent", "--pack-destination", folder, copy / "static")
    assert not (copy / "static" / "dist").exists()
    (packed,) = folder.glob("*.tgz")
    (folder / "package.json").write_text('{"private": true, "type": "module"}')
    run("npm", "install", "--offline", "--no-audit", "--no-fund", packed, cwd=folder)
    return folder


def test_the_package_holds_the_client_and_nothing_else(project: Path) -> None:
    installed = project / "node_modules" / "sse-presence"
    assert {str(path.relative_to(installed)) for path in installed.rglob("*") if path.is_file()} == {
        "README.md",
        "package.json",
        "presence.d.ts",
        "elements.d.ts",
        "dist/presence.js",
        "dist/presence.classic.js",
        "dist/elements.js",
    }
    for name in FILES:
        assert (installed / "dist" / name).read_text() == bundle(STATIC, name)


def test_importing_it_touches_no_page(project: Path) -> None:
    """Servers that render pages import what pages import."""
    script = """
        import { connect, PresenceError } from "sse-presence";
        await import("sse-presence/elements");
        await import("sse-presence/classic");
        console.log(typeof connect, PresenceError.name, typeof globalThis.ssePresence.connect);
    """
    assert run("node", "--input-type=module", "-e", script, cwd=project).split() == [
        "function",
        "PresenceError",
        "function",
    ]


def test_its_types_say_what_it_offers(project: Path) -> None:
    for usage in HERE.glob("*.ts"):
        shutil.copy(usage, project)
    run(
        TYPESCRIPT,
        "--strict",
        "--noEmit",
        "--module",
        "nodenext",
        "--target",
        "es2022",
        *(usage.name for usage in HERE.glob("*.ts")),
        cwd=project,
    )
