"""How many files this process may have open: every stream is one, and so is every other connection.

At the limit a server can accept nothing any more, not even a heartbeat, so streams stay below it.
"""

from __future__ import annotations

import resource
from contextlib import suppress

_RESERVED = 128
"""At least this many are kept for the store, for requests, and for what Python itself opens."""

_SHARE = 10
"""One in so many is kept, if that is more."""


def room() -> int:
    """Streams that this process can hold; 1 at least."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        files = 2**31
    return max(1, files - max(_RESERVED, files // _SHARE))


def raise_limit() -> None:
    """Allow as many as the system lets this user allow itself."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):  # some systems name a most that they do not grant
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
