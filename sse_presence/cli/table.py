"""`sse-presence settings`: what can be set, read from where it is defined."""

from __future__ import annotations

import ast
import inspect
import shutil
import textwrap
from collections.abc import Mapping
from typing import Any, get_type_hints

import click

from sse_presence.settings import Seconds, Settings, variable


@click.command(short_help="List all settings.")
def settings() -> None:
    """List every setting with its default and its meaning. Durations are seconds; decimals are allowed."""
    kinds = get_type_hints(Settings, include_extras=True)
    meanings = _meanings()
    rows = [
        (variable(name), _outside(kinds[name], default), meanings[name])
        for name, default in zip(Settings.__struct_fields__, Settings.__struct_defaults__, strict=True)
    ]
    names, defaults = (max(len(row[column]) for row in rows) for column in (0, 1))
    indent = names + defaults + 4
    room = max(shutil.get_terminal_size((100, 24)).columns - indent, 30)
    for name, default, meaning in rows:
        lines = textwrap.wrap(meaning, room)
        click.echo(f"{click.style(name.ljust(names), bold=True)}  {default.ljust(defaults)}  {lines[0]}")
        for line in lines[1:]:
            click.echo(" " * indent + line)


def _meanings() -> Mapping[str, str]:
    """The docstring under each field of `Settings`."""
    body = ast.parse(inspect.getsource(Settings)).body[0]
    assert isinstance(body, ast.ClassDef)  # noqa: S101 - for the type checker
    return {
        field.target.id: inspect.cleandoc(text.value.value).replace("\n", " ")
        for field, text in zip(body.body, body.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }


def _outside(kind: Any, default: Any) -> str:
    """A default as one would write it in the environment."""
    if kind in (Seconds, Seconds | None):
        return "hidden" if default is None else f"{default / 1000:.9g}"
    if isinstance(default, tuple):
        return ",".join(default)
    return str(default).lower() if isinstance(default, bool) else str(default)
