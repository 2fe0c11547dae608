"""JSON answers. They are made for one caller at one moment, so nothing may keep them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.responses import Response


class Reply(Response):
    """An answer of JSON bytes that are ready to be sent."""

    media_type = "application/json"

    def __init__(
        self, content: bytes, status_code: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        self.status_code = status_code
        self.body = content
        self.background = None
        self.raw_headers = [
            (b"content-length", b"%d" % len(content)),
            (b"content-type", self.media_type.encode()),
            (b"cache-control", b"no-store"),
        ]
        if headers:
            self.headers.update(headers)


def reply(content: Any) -> Reply:
    """Answer 200 with a value as JSON."""
    return Reply(msgspec.json.encode(content))
