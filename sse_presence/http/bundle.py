"""The browser library as one file: its modules in the order of need, without comments.

The modules run as they lie there. Yet a page that loads one file instead of fifteen is there sooner, and one
without modules needs a classic script. Both are made when they are asked for, so there is nothing to build.
Run as a program, which needs nothing but Python, this puts them into a folder beside the modules, for the npm
package: `python bundle.py FOLDER`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

_MODULE = "{code}export {{ {names} }};\n"
_SCRIPT = 'globalThis.ssePresence = (() => {{\n"use strict";\n{code}return {{ {names} }};\n}})();\n'

FILES = {
    "presence.js": ("presence.js", _MODULE),
    "presence.classic.js": ("presence.js", _SCRIPT),
    "elements.js": ("elements.js", _MODULE),
}
"""Name of a file → the module it begins with, and its form."""

_COMMENT = re.compile(r"^ *(?:/\*\*.*?\*/|//.*?)\n", re.MULTILINE | re.DOTALL)
_IMPORT = re.compile(r'^import \{[^}]+\} from "([^"]+)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const) (\w+))", re.MULTILINE)
_EXPORTS = re.compile(r"^export \{([^}]+)\};\n", re.MULTILINE)
_LEFT = re.compile(r"^(?:import|export) .*", re.MULTILINE)


def bundle(folder: Path, name: str) -> str:
    """One of FILES, from the modules in a folder; names at the top of modules differ, for here they meet."""
    entry, form = FILES[name]
    text = (folder / entry).read_text("utf-8")
    offered = [*_EXPORT.findall(text), *", ".join(_EXPORTS.findall(text)).split(",")]
    code = "\n".join(_parts(folder / entry, set()))
    head = f"// SSE Presence: {entry} and all its modules in one file, without comments.\n"
    return head + form.format(code=code, names=", ".join(map(str.strip, offered)))


def _parts(path: Path, seen: set[Path]) -> Iterator[str]:
    """The code of a module, after that of those it imports."""
    if path in seen:
        return
    seen.add(path)
    text = path.read_text("utf-8")
    for needed in _IMPORT.findall(text):
        yield from _parts((path.parent / needed).resolve(), seen)
    for form in (_COMMENT, _IMPORT, _EXPORT, _EXPORTS):
        text = form.sub("", text)
    if left := _LEFT.search(text):
        raise ValueError(f"{path.name}: write imports and exports as the other modules do, not {left[0]!r}")
    yield text.strip() + "\n"


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir(exist_ok=True)
    for file in FILES:
        (target / file).write_text(bundle(target.parent, file), "utf-8")
