"""Servers whose clock is off: libfaketime shows them another time than this machine's.

It works with the embedded Valkey; Debian's Redis does not start with it.
"""

from __future__ import annotations

from pathlib import Path

_LIBRARY = "*/faketime/libfaketime.so.1"


def library() -> Path | None:
    """The library of the package `faketime`; None where it is not installed."""
    return next(Path("/usr/lib").glob(_LIBRARY), None)


def shifted(seconds: int) -> dict[str, str]:
    """The environment of a process whose clock is ahead by so many seconds."""
    if not seconds:
        return {}
    found = library()
    assert found is not None, "There is no libfaketime: `apt-get install faketime`"
    return {"LD_PRELOAD": str(found), "FAKETIME": f"{seconds:+d}", "DONT_FAKE_MONOTONIC": "1"}
