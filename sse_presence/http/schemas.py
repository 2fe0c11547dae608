"""The bodies that calls take, and what of them is refused although its type is right.

`null` says the same as leaving a field out, and so does an empty text, emoji or activity.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated

import msgspec

from sse_presence.domain.identifier import flaw
from sse_presence.domain.signal import LONGEST_IDLE, Choice, Heartbeat, Kind, Leave, Override, Typing
from sse_presence.errors import FieldError
from sse_presence.http.parameters import invalid
from sse_presence.settings import Settings

LONGEST_TEXT = 100
LONGEST_EMOJI = 64
"""Bytes. The longest sequences that Unicode recommends have 35, and `:names:` of own emoji fit as well."""

Seq = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]
"""What a JavaScript number counts exactly."""

_ACTIVITY = re.compile(r"[A-Za-z0-9_.-]{1,32}")


class SignalBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What all signals have in common."""

    user: str | None = None
    """Whom the signal is for, if not for the caller; takes the role `publish`."""

    def flaws(self, settings: Settings) -> list[FieldError]:
        """Say what cannot be taken."""
        del settings
        return [] if self.user is None else _id_flaws("user", self.user)

    def check(self, settings: Settings) -> None:
        """Raise Invalid naming everything that cannot be taken."""
        errors = self.flaws(settings)
        if errors:
            raise invalid(errors)


class DeviceBody(SignalBody, frozen=True, kw_only=True):
    """A signal of one device."""

    device: str
    seq: Seq | None = None

    def flaws(self, settings: Settings) -> list[FieldError]:
        """Say what cannot be taken."""
        return super().flaws(settings) + _id_flaws("device", self.device)


class HeartbeatBody(DeviceBody, frozen=True, kw_only=True):
    """`POST /v1/heartbeat`."""

    idle_ms: int | None = 0
    visible: bool | None = True
    kind: Kind | None = "web"
    interval_ms: int | None = None
    activity: str | None = None
    channels: list[str] | None = None

    def flaws(self, settings: Settings) -> list[FieldError]:
        """Say what cannot be taken."""
        errors = super().flaws(settings)
        if self.interval_ms is not None:
            shortest, longest = settings.shortest_interval, settings.longest_interval
            if not shortest <= self.interval_ms <= longest:
                errors.append(FieldError("interval_ms", f"must be between {shortest} and {longest}"))
        if self.activity and not _ACTIVITY.fullmatch(self.activity):
            errors.append(
                FieldError("activity", "must be a tag of 1 to 32 ASCII letters, digits, '_', '.' or '-'")
            )
        if self.channels:
            channels, limit = dict.fromkeys(self.channels), settings.max_channels_per_device
            if len(channels) > limit:
                errors.append(FieldError("channels", f"may name {limit} channels, and names {len(channels)}"))
            else:
                for index, channel in enumerate(channels):
                    errors += _id_flaws(f"channels[{index}]", channel)
        return errors

    def signal(self, settings: Settings, channels: Sequence[str] = ()) -> Heartbeat:
        """The heartbeat that the store takes, in those channels that its sender has a right to.

        An idle time out of range is clamped, not refused.
        """
        return Heartbeat(
            device=self.device,
            idle_ms=min(max(self.idle_ms or 0, 0), LONGEST_IDLE),
            visible=self.visible is not False,
            kind=self.kind or "web",
            interval=settings.heartbeat if self.interval_ms is None else self.interval_ms,
            activity=self.activity or None,
            channels=tuple(channels),
            seq=self.seq,
        )


class StatusBody(SignalBody, frozen=True, kw_only=True):
    """`POST /v1/status`."""

    status: Choice
    text: str | None = None
    emoji: str | None = None
    expires_in: int | None = None

    def flaws(self, settings: Settings) -> list[FieldError]:
        """Say what cannot be taken."""
        errors = super().flaws(settings)
        text, emoji = self.text or "", self.emoji or ""
        if len(text) > LONGEST_TEXT:
            errors.append(
                FieldError("text", f"must have at most {LONGEST_TEXT} characters, and has {len(text)}")
            )
        if "\0" in text:
            errors.append(FieldError("text", "must not contain NUL"))
        if len(emoji.encode()) > LONGEST_EMOJI:
            errors.append(FieldError("emoji", f"must have at most {LONGEST_EMOJI} bytes of UTF-8"))
        if "\0" in emoji:
            errors.append(FieldError("emoji", "must not contain NUL"))
        if self.expires_in is not None and not 1 <= self.expires_in <= settings.retention:
            errors.append(
                FieldError("expires_in", f"must be between 1 and {settings.retention} milliseconds")
            )
        return errors

    def signal(self) -> Override:
        """The override that the store takes."""
        return Override(
            status=self.status, text=self.text or None, emoji=self.emoji or None, expires_in=self.expires_in
        )


class TypingBody(DeviceBody, frozen=True, kw_only=True):
    """`POST /v1/typing`."""

    channel: str
    typing: bool

    def flaws(self, settings: Settings) -> list[FieldError]:
        """Say what cannot be taken."""
        return super().flaws(settings) + _id_flaws("channel", self.channel)

    def signal(self) -> Typing:
        """The typing signal that the store takes."""
        return Typing(device=self.device, channel=self.channel, typing=self.typing, seq=self.seq)


class LeaveBody(DeviceBody, frozen=True, kw_only=True):
    """`POST /v1/leave`."""

    def signal(self) -> Leave:
        """The leave that the store takes."""
        return Leave(device=self.device, seq=self.seq)


class QueryBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`POST /v1/presence`."""

    users: list[str] | None = None
    channels: list[str] | None = None


class InterestBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`POST /v1/interests`, and each half of a change."""

    users: list[str] | None = None
    channels: list[str] | None = None
    members: list[str] | None = None


class InterestChangeBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`PATCH /v1/interests/{interest}`."""

    add: InterestBody | None = None
    remove: InterestBody | None = None


class EmptyBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Calls that have nothing to say but what is in their address."""


def _id_flaws(field: str, text: str) -> list[FieldError]:
    reason = flaw(text)
    return [] if reason is None else [FieldError(field, reason)]
