"""Ids of users, devices and channels: opaque text, in which no character means anything.

What makes one unusable is said as a sentence that follows the name of its field.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

MAX_BYTES = 128

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")


def plain(ids: Sequence[str]) -> bool:
    """Whether all are ids without any doubt, as nearly all lists are; they are not looked at one by one."""
    joined = "".join(ids)
    return (
        joined.isascii() and joined.isprintable() and all(ids) and max(map(len, ids), default=0) <= MAX_BYTES
    )


def flaw(text: str) -> str | None:
    """Say why this is no id, or None if it is one."""
    if len(text) <= MAX_BYTES and text.isascii() and text.isprintable() and text:
        return None  # as nearly all are
    if not text:
        return "must not be empty"
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        return "must not contain lone surrogates"
    if size > MAX_BYTES:
        return f"must have at most {MAX_BYTES} bytes of UTF-8, and has {size}"
    if _CONTROL.search(text):
        return "must not contain control characters"
    return None
