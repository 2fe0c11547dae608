"""Every error that the package raises on purpose, as one tree.

PresenceError
├── SettingsError        a setting is wrong; the process does not start
├── StoreUnavailable     the store is out of reach: 503 with Retry-After
└── RequestError         the caller's request is refused: its `status`, `code` and sentence
    ├── Malformed        400, cannot be read at all
    ├── Unauthenticated  401
    ├── Forbidden        403
    ├── NotFound         404
    ├── TooLarge         413
    ├── TargetTooLong    414
    ├── UnsupportedType  415
    ├── Invalid          422, can be read but not meant; `errors` names the fields
    └── TooMany          429
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import msgspec


class PresenceError(Exception):
    """Base of all; its text is a sentence that tells the reader what to do."""


class SettingsError(PresenceError):
    """A setting is wrong or contradicts another; nothing was started."""


class StoreUnavailable(PresenceError):
    """The store did not confirm the request. It may have taken it all the same; to send it again is safe."""


class FieldError(msgspec.Struct, frozen=True):
    """One field of a request that cannot be taken, and why."""

    field: str
    detail: str


class RequestError(PresenceError):
    """A request that is refused and has changed nothing."""

    status: ClassVar[int] = 400
    code: ClassVar[str] = "bad-request"
    title: ClassVar[str] = "Bad request"

    def __init__(
        self,
        detail: str,
        *,
        errors: tuple[FieldError, ...] = (),
        retry_after: int | None = None,
        denied: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """`denied`: the ids of each kind that the caller has no right to."""
        super().__init__(detail)
        self.detail = detail
        self.errors = errors
        self.retry_after = retry_after
        self.denied = denied or {}


class Malformed(RequestError):
    """The request cannot be read: broken JSON, bad UTF-8."""

    code = "malformed"
    title = "The request cannot be read"


class Unauthenticated(RequestError):
    """Credentials are missing, wrong or no longer good."""

    status = 401
    code = "unauthenticated"
    title = "Who is calling is not known"


class Forbidden(RequestError):
    """The caller is known and may not do this."""

    status = 403
    code = "forbidden"
    title = "Not allowed"


class NotFound(RequestError):
    """What is asked for does not exist, or belongs to somebody else."""

    status = 404
    code = "not-found"
    title = "Not found"


class TooLarge(RequestError):
    """The body is over the limit."""

    status = 413
    code = "too-large"
    title = "The body is too large"


class TargetTooLong(RequestError):
    """The request target is over the limit; long lists go into a POST."""

    status = 414
    code = "target-too-long"
    title = "The request target is too long"


class UnsupportedType(RequestError):
    """The body is of a content type that is not taken."""

    status = 415
    code = "unsupported-type"
    title = "The content type is not taken"


class Invalid(RequestError):
    """The request can be read but a field of it cannot be taken."""

    status = 422
    code = "invalid"
    title = "A field cannot be taken"


class TooMany(RequestError):
    """The caller signals faster than the rate limit allows."""

    status = 429
    code = "too-many-requests"
    title = "Too many requests"
