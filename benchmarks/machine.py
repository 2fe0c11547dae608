"""What the figures were taken on."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path

PACKAGES = (
    "sse-presence",
    "starlette",
    "uvicorn",
    "uvloop",
    "httptools",
    "sse-starlette",
    "redis",
    "msgspec",
)


def machine() -> dict[str, str]:
    """The machine, and what it was busy with before."""
    cpuinfo = Path("/proc/cpuinfo").read_text("utf-8")
    model = re.search(r"^model name\s*: (.*)$", cpuinfo, re.MULTILINE)
    return {
        "cores": str(os.cpu_count()),
        "processor": model[1] if model else platform.machine(),
        "kernel": platform.release(),
        "load before": Path("/proc/loadavg").read_text("ascii").split()[0],
    }


def versions() -> dict[str, str]:
    """Of all that took part."""
    commands = {"nginx": ("-v",), "node": ("--version",), "git": ("describe", "--always", "--dirty")}
    told = {name: _said(name, *arguments) for name, arguments in commands.items()}
    return {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}, **told}


def _said(name: str, *arguments: str) -> str:
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        return "not installed"
    done = subprocess.run([found, *arguments], capture_output=True, text=True, check=False)  # noqa: S603 - fixed commands
    return (done.stdout or done.stderr).strip()
