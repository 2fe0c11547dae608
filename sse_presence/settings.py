"""Settings: one frozen value read from `SSE_PRESENCE_<NAME>`, cross-checked before anything starts.

Durations are written in seconds (decimals allowed) outside and kept in whole milliseconds inside.
A setting that is wrong or contradicts another raises `SettingsError` with a sentence that says how to
mend it; all that is wrong is said at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, get_type_hints

import msgspec

from sse_presence.errors import SettingsError

SHORTEST_SECRET = 32
"""Bytes of a secret that signs tokens: no fewer than the shortest of their signatures has."""

Seconds = Annotated[int, "seconds outside, milliseconds inside"]
"""A duration: `SSE_PRESENCE_GRACE=2.5` becomes 2500."""


class Rate(msgspec.Struct, frozen=True):
    """So many at once, and as many again over each period: `20/20` is 20, and then one a second."""

    count: int
    period: int
    """Milliseconds inside, seconds outside."""

    def __str__(self) -> str:
        """As it is written outside."""
        return f"{self.count}/{self.period / 1000:g}"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All that can be set. Field `grace` is read from `SSE_PRESENCE_GRACE`."""

    redis_url: str = ""
    """Where the store is: `redis://`, `rediss://`, `unix://`, `redis+sentinel://` or `redis+cluster://`;
    empty makes `serve` bring a Valkey along."""
    partitions: int = 0
    """Partitions of the store; 0 chooses 1 on a single server and 64 on a cluster."""

    heartbeat: Seconds = 15_000
    """Interval of heartbeats that clients are told."""
    liveness_factor: int = 3
    """A device without a signal for this many of its intervals is gone."""
    renewal_ceiling: Seconds = 180_000
    """How long an open stream may keep its device alive after the device's last own signal."""
    grace: Seconds = 10_000
    """Life left to a device after it said that it leaves, and at least after its client closed its stream."""
    idle_after: Seconds = 120_000
    """A device without input for this long is idle."""
    hidden_idle_after: Seconds = 30_000
    """Likewise while it is hidden; 0 is at once."""
    presence_window: Seconds = 1_000
    """At most one presence frame per stream in this time."""
    typing_window: Seconds = 200
    """At most one typing frame per stream in this time."""
    busy_typing_window: Seconds = 1_000
    """The typing window of channels with over 100 watchers."""
    typing_ttl: Seconds = 6_000
    """Typing that is not refreshed for this long ends."""
    sweep: Seconds = 1_000
    """How late a change that time itself brings may be noticed; at most 2."""
    ping: Seconds = 15_000
    """Longest silence on a stream."""
    stream_lifetime: Seconds = 1_800_000
    """A stream is closed after this, give or take a fifth, and reconnects; so loads even out."""
    send_timeout: Seconds = 25_000
    """A peer that takes nothing for this long is closed."""
    drain: Seconds = 5_000
    """Time over which a stopping process says goodbye to its streams."""
    forgiven_outage: Seconds = 600_000
    """Longest outage of the store after which nobody is declared gone at once."""
    last_seen_precision: Seconds | None = 300_000
    """Last-seen is rounded down to this; `hidden` leaves it out."""
    retention: Seconds = 2_592_000_000
    """How long the record and the chosen status of an offline user are kept."""

    max_devices: int = 32
    """Devices of a user; beyond, the oldest is dropped."""
    max_channels_per_device: int = 50
    """Channels that a device may list as its own."""
    max_streams: int = 0
    """Open streams of one process, beyond which clients are told to come back later; 0 takes as many as the
    limit of open files has room for."""
    max_streams_per_user: int = 20
    """Open streams of a user on one process."""
    max_watched_per_user: int = 20_000
    """Users watched by a user over all of its streams on one process."""
    max_interest_users: int = 10_000
    """Users that one stream may watch."""
    max_interest_channels: int = 100
    """Channels that one stream may watch."""
    max_query_users: int = 1_000
    """Users that one query may name."""
    max_query_channels: int = 100
    """Channels that one query may name."""
    max_body: int = 262_144
    """Bytes of a request's body."""
    max_target: int = 16_384
    """Bytes of a request's path and query."""

    heartbeat_rate: Rate | None = Rate(100, 2_000)
    """Heartbeats of a user on one process, as `at once/seconds until as many more`; `off` for no limit.
    32 devices may start at the same time and beat every 5 seconds, and are far below."""
    status_rate: Rate | None = Rate(24, 30_000)
    """Changes of a user's chosen status: a person picks one now and then, however undecided."""
    typing_rate: Rate | None = Rate(60, 3_000)
    """Starts and refreshes of a user's typing; stops are free."""
    query_rate: Rate | None = Rate(200, 2_000)
    """Queries of a user; every 50 users or channels that one names count as one more."""
    poll_rate: Rate | None = Rate(100, 2_000)
    """Polls of a user."""
    interest_rate: Rate | None = Rate(60, 6_000)
    """Stored interests of a user that are made or changed; every 500 names in one count as one more."""
    ticket_rate: Rate | None = Rate(60, 30_000)
    """Tickets of a user."""

    auth: str = "open"
    """`open` for development on this machine, `jwt` for everything else."""
    insecure_open: bool = False
    """Allow open mode, where everyone has every right, beyond this machine."""
    jwt_secret: str = msgspec.field(default="")
    """Secret of the tokens that the application signs, 32 bytes or more."""
    jwt_algorithms: tuple[str, ...] = ("HS256", "HS384", "HS512")
    """Accepted signatures, comma-separated."""
    jwt_audience: str = ""
    """What `aud` must hold; empty takes any."""
    jwt_issuer: str = ""
    """What `iss` must be; empty takes any."""
    origins: tuple[str, ...] = ()
    """Exact origins of pages elsewhere that may call, also with cookies; comma-separated."""
    cursor_secret: str = ""
    """Key of the cursors, 32 bytes or more; empty keeps a random one in the store, shared by all on it."""
    demo: bool = True
    """Serve the demo page at `/`, which needs open mode, and the browser library."""

    @property
    def shortest_interval(self) -> int:
        """The shortest interval that a device may declare."""
        return -(-self.heartbeat // 3)

    @property
    def longest_interval(self) -> int:
        """The longest interval that a device may declare: hidden tabs fire timers once a minute."""
        return 4 * self.heartbeat

    @property
    def settling(self) -> int:
        """How long a store that came back without its state is waited for.

        One liveness period, and no less than it takes until every device has signalled once.
        """
        return max(self.liveness_factor * self.heartbeat, self.longest_interval)

    @property
    def rates(self) -> dict[str, Rate]:
        """The rate limits that there are, by kind."""
        names = [name for name in self.__struct_fields__ if name.endswith("_rate")]
        return {name.removesuffix("_rate"): rate for name in names if (rate := getattr(self, name))}

    def __repr__(self) -> str:
        """Without secrets, so that a logged settings value gives nothing away."""
        secret = {name for name in self.__struct_fields__ if "secret" in name} | {"redis_url"}
        shown = {name: getattr(self, name) for name in self.__struct_fields__ if name not in secret}
        return f"Settings({', '.join(f'{name}={value!r}' for name, value in shown.items())})"

    def __post_init__(self) -> None:
        """Check every rule and raise one `SettingsError` that names all broken ones."""
        broken = [sentence for holds, sentence in _RULES if not holds(self)]
        if broken:
            raise SettingsError("\n".join(broken))


def variable(name: str) -> str:
    """The environment variable of a field."""
    return "REDIS_URL" if name == "redis_url" else f"SSE_PRESENCE_{name.upper()}"


_ORIGIN = re.compile(
    r"(?!http://[^/]*:80$|https://[^/]*:443$)[a-z][a-z0-9+.-]*://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]+)?"
)

_RULES: tuple[tuple[Callable[[Settings], bool], str], ...] = (
    (
        lambda s: 100 <= s.heartbeat <= 86_400_000,
        "SSE_PRESENCE_HEARTBEAT must be at least 0.1 and at most 86400 (seconds).",
    ),
    (
        lambda s: s.liveness_factor >= 2,
        "SSE_PRESENCE_LIVENESS_FACTOR must be at least 2, so that one lost heartbeat shows nobody offline.",
    ),
    (
        lambda s: s.renewal_ceiling >= s.heartbeat * s.liveness_factor,
        "SSE_PRESENCE_RENEWAL_CEILING must be at least HEARTBEAT × LIVENESS_FACTOR, or none could renew.",
    ),
    (
        lambda s: 0 <= s.grace < s.heartbeat * s.liveness_factor,
        "SSE_PRESENCE_GRACE must be shorter than HEARTBEAT × LIVENESS_FACTOR: leaving shortens a life.",
    ),
    (
        lambda s: s.idle_after > s.heartbeat,
        "SSE_PRESENCE_IDLE_AFTER must be longer than HEARTBEAT, or users would idle between heartbeats.",
    ),
    (
        lambda s: 0 <= s.hidden_idle_after <= s.idle_after,
        "SSE_PRESENCE_HIDDEN_IDLE_AFTER must be between 0 and IDLE_AFTER.",
    ),
    (
        lambda s: 0 < s.sweep <= 2_000,
        "SSE_PRESENCE_SWEEP must be above 0 and at most 2 (seconds).",
    ),
    (
        lambda s: s.presence_window > 0 and s.typing_window > 0 and s.busy_typing_window >= s.typing_window,
        "SSE_PRESENCE_PRESENCE_WINDOW and TYPING_WINDOW must be above 0, BUSY_TYPING_WINDOW no less.",
    ),
    (
        lambda s: s.typing_ttl >= 2 * (s.sweep + s.typing_window),
        "SSE_PRESENCE_TYPING_TTL must be at least 2 × (SWEEP + TYPING_WINDOW), or refreshes come too late.",
    ),
    (
        lambda s: s.ping > 0 and s.send_timeout > 0 and s.drain >= 0 and s.stream_lifetime > 0,
        "SSE_PRESENCE_PING, SEND_TIMEOUT and STREAM_LIFETIME must be above 0, and DRAIN not below.",
    ),
    (
        lambda s: s.forgiven_outage >= 5_000,
        "SSE_PRESENCE_FORGIVEN_OUTAGE must be at least 5 (seconds): shorter gaps are no outages.",
    ),
    (
        lambda s: s.last_seen_precision is None or s.last_seen_precision >= 1_000,
        "SSE_PRESENCE_LAST_SEEN_PRECISION must be at least 1 (second), or `hidden`.",
    ),
    (
        lambda s: s.retention >= s.renewal_ceiling,
        "SSE_PRESENCE_RETENTION must be at least RENEWAL_CEILING, or records would end before their devices.",
    ),
    (
        lambda s: s.retention >= s.longest_interval * s.liveness_factor,
        "SSE_PRESENCE_RETENTION must be at least 4 × HEARTBEAT × LIVENESS_FACTOR: devices may live as long.",
    ),
    (
        lambda s: 0 <= s.partitions <= 1_024,
        "SSE_PRESENCE_PARTITIONS must be between 0 (choose by the kind of store) and 1024.",
    ),
    (
        lambda s: all(
            getattr(s, name) >= (name != "max_streams")
            for name in s.__struct_fields__
            if name.startswith("max_")
        ),
        "Every SSE_PRESENCE_MAX_… limit must be above 0; MAX_STREAMS may be 0.",
    ),
    (
        lambda s: s.max_devices <= 500,
        "SSE_PRESENCE_MAX_DEVICES must be at most 500: all devices of a user are looked at together.",
    ),
    (lambda s: s.auth in {"open", "jwt"}, "SSE_PRESENCE_AUTH must be `open` or `jwt`."),
    (
        lambda s: s.auth != "jwt" or len(s.jwt_secret.encode()) >= SHORTEST_SECRET,
        "SSE_PRESENCE_JWT_SECRET must have at least 32 bytes in jwt mode: `openssl rand -base64 48`.",
    ),
    (
        lambda s: set(s.jwt_algorithms) <= {"HS256", "HS384", "HS512"} and bool(s.jwt_algorithms),
        "SSE_PRESENCE_JWT_ALGORITHMS may name HS256, HS384 and HS512.",
    ),
    (
        lambda s: all(map(_ORIGIN.fullmatch, s.origins)),
        "SSE_PRESENCE_ORIGINS takes origins as browsers send them: `https://app.example`, no path, no `*`.",
    ),
    (
        lambda s: not s.cursor_secret or len(s.cursor_secret.encode()) >= 32,
        "SSE_PRESENCE_CURSOR_SECRET must have at least 32 bytes.",
    ),
)


def _seconds(text: str) -> int:
    milliseconds = float(text) * 1000
    if not 0 <= milliseconds < 2**53:
        raise ValueError(text)
    return round(milliseconds)


def _rate(text: str) -> Rate:
    count, _, seconds = text.partition("/")
    rate = Rate(int(count), _seconds(seconds))
    if not (0 < rate.count < 2**31 and 0 < rate.period < 2**31):
        raise ValueError(text)
    return rate


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


_WORDS = dict.fromkeys(("1", "true", "yes", "on"), True) | dict.fromkeys(("0", "false", "no", "off"), False)

_READERS: Mapping[Any, Callable[[str], Any]] = {
    Seconds: _seconds,
    Seconds | None: lambda text: None if text == "hidden" else _seconds(text),
    Rate | None: lambda text: None if text == "off" else _rate(text),
    bool: lambda text: _WORDS[text.lower()],
    int: int,
    str: str,
    tuple[str, ...]: _list,
}
"""Type → how a text is read as one; raises ValueError or KeyError."""


def settings_from(environ: Mapping[str, str]) -> Settings:
    """Read settings from environment variables; raises SettingsError."""
    hints = get_type_hints(Settings, include_extras=True)
    values: dict[str, Any] = {}
    broken: list[str] = []
    names = {variable(name): name for name in Settings.__struct_fields__}
    for key, text in environ.items():
        if key.startswith("SSE_PRESENCE_") and key not in names:
            broken.append(f"{key} is not a setting; `sse-presence settings` lists them all.")
        if key not in names:
            continue
        try:
            values[names[key]] = _READERS[hints[names[key]]](text)
        except (ValueError, KeyError):
            shown = "…" if "SECRET" in key else repr(text)
            broken.append(f"{key}={shown} cannot be read; see `sse-presence settings` for what it takes.")
    if broken:
        raise SettingsError("\n".join(broken))
    return Settings(**values)
