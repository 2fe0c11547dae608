"""The settings that nodes run with here: as short as the cross-checks and the constants allow.

A device lives 8 s without a signal, so that it outlives the longest outage that is no outage (5 s) if it
beats once a second; everything else is as quick as a loaded machine can keep up with.
"""

from __future__ import annotations

from sse_presence.settings import Settings

SETTINGS = Settings(
    heartbeat=1_000,
    liveness_factor=8,
    renewal_ceiling=11_000,
    grace=1_500,
    idle_after=4_000,
    hidden_idle_after=2_000,
    presence_window=300,
    typing_window=100,
    busy_typing_window=200,
    typing_ttl=4_000,
    sweep=300,
    ping=2_000,
    stream_lifetime=20_000,
    send_timeout=10_000,
    drain=1_000,
    last_seen_precision=2_000,
)

OUTAGE = 5_000
"""Without any process at the store for longer, it was an outage of ours."""

CLOSE_MARGIN = 5_000
"""After the peer closed a device's stream it has at least this beyond its interval."""

LAG = SETTINGS.presence_window + SETTINGS.sweep + 2_500
"""How far a healthy stream may be behind the store; most of it is for a loaded machine."""

RECOVERY = 6_000
"""After a fault has ended, all is well again within this."""

SETTLING = SETTINGS.heartbeat * SETTINGS.liveness_factor
"""After the store came back as another one, the truth is told when this has passed."""

_SECONDS = (
    "heartbeat", "renewal_ceiling", "grace", "idle_after", "hidden_idle_after", "presence_window",
    "typing_window", "busy_typing_window", "typing_ttl", "sweep", "ping", "stream_lifetime", "send_timeout",
    "drain", "last_seen_precision",
)  # fmt: skip


def as_settings() -> dict[str, float]:
    """The same by name and in seconds, as a process is told."""
    seconds = {name: getattr(SETTINGS, name) / 1000 for name in _SECONDS}
    return seconds | {"liveness_factor": SETTINGS.liveness_factor}
