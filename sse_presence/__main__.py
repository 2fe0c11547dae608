"""`python -m sse_presence` is `sse-presence`."""

from __future__ import annotations

from sse_presence.cli import main

if __name__ == "__main__":
    main()
