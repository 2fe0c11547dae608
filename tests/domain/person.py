"""One user under the rules, as the store would drive them, and random histories of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
from hypothesis import strategies as st
from msgspec.structs import replace

from sse_presence.domain import rules as spec
from sse_presence.domain.model import Device, Outage, Shown, User, rules_from
from sse_presence.domain.signal import Choice, Heartbeat, Leave, Override, Typing
from sse_presence.settings import Settings

START = 1_800_000_000_000
"""A clock boundary of the default precision."""


class Renew(NamedTuple):
    """A stream of a device is attached."""

    device: str


class Closed(NamedTuple):
    """The peer closed the last stream of a device."""

    device: str


Event = Heartbeat | Leave | Override | Typing | Renew | Closed


class Person:
    """Time passes only by `wait`, and nobody looks before a signal or a question makes the store look."""

    def __init__(self, **figures: int) -> None:
        self.rules = replace(rules_from(Settings()), **figures)
        self.now = START
        self.outages: list[Outage] = []
        self.user = User()

    def wait(self, duration: int) -> Person:
        """Let time pass without a sweep."""
        self.now += duration
        return self

    def outage(self, duration: int) -> Person:
        """Let time pass while no process reaches the store."""
        self.outages.append(Outage(begin=self.now, end=self.now + duration))
        return self.wait(duration)

    def look(self) -> Person:
        """A sweep, or a read: what time has changed is shown."""
        self._step(lambda user: user)
        return self

    def take(self, event: Event) -> int | None:
        """One event; the last `seq` known where it was stale."""
        newer: int | None = None

        def step(user: User) -> User:
            nonlocal newer
            now, rules = self.now, self.rules
            match event:
                case Heartbeat():
                    user, newer = spec.heartbeat(user, event, now, rules)
                case Leave():
                    user, newer = spec.leave(user, event, now, rules)
                case Override():
                    user = spec.choose(user, event, now, rules)
                case Typing():
                    user = spec.typed(user, event, now, rules)
                case Renew():
                    user = spec.renew(user, event.device, now, rules)
                case Closed():
                    user = spec.closed(user, event.device, now, rules)
            return user

        self._step(step)
        return newer

    def _step(self, step: Callable[[User], User]) -> None:
        user = step(spec.at(self.user, self.now, self.outages, self.rules))
        self.user = spec.shown(user, self.now, self.now, self.rules)

    # Events by name

    def beat(self, device: str = "laptop", *, interval: int = 15_000, **fields: Any) -> Person:
        self.take(Heartbeat(device=device, interval=interval, **fields))
        return self

    def leave(self, device: str = "laptop") -> Person:
        self.take(Leave(device=device))
        return self

    def type(self, device: str = "laptop", *, typing: bool = True) -> Person:
        self.take(Typing(device=device, channel="general", typing=typing))
        return self

    def renew(self, device: str = "laptop") -> Person:
        self.take(Renew(device))
        return self

    def close(self, device: str = "laptop") -> Person:
        self.take(Closed(device))
        return self

    def choose(self, status: Choice, **fields: Any) -> Person:
        self.take(Override(status=status, **fields))
        return self

    # Questions, answered as of now

    @property
    def public(self) -> Shown:
        return self.look().user.public

    @property
    def own(self) -> Shown:
        return self.look().user.own

    @property
    def status(self) -> str:
        """The status word that others see."""
        return self.public.status

    @property
    def record(self) -> dict[str, Any]:
        """What others see, as JSON."""
        return members(self.public)

    def device(self, name: str = "laptop") -> Device:
        return self.look().user.real.devices[name]


def members(shown: Shown) -> dict[str, Any]:
    decoded: dict[str, Any] = msgspec.json.decode("{" + shown.body + "}")
    return decoded


devices = st.sampled_from(["d1", "d2", "d3"])
waits = st.sampled_from([0, 1, 999, 5_000, 10_000, 14_999, 15_000, 29_999, 45_000, 120_000, 400_000])
device_events = st.one_of(
    st.builds(
        Heartbeat,
        device=devices,
        idle_ms=st.sampled_from([0, 5_000, 15_001, 30_000, 119_999, 500_000]),
        visible=st.booleans(),
        kind=st.sampled_from(["web", "mobile"]),
        interval=st.sampled_from([5_000, 15_000, 60_000]),
        activity=st.sampled_from([None, "in_call", "driving"]),
        seq=st.none() | st.integers(0, 2),
    ),
    st.builds(Typing, device=devices, channel=st.just("general"), typing=st.booleans()),
    st.builds(Leave, device=devices, seq=st.none() | st.integers(0, 2)),
    st.builds(Renew, devices),
    st.builds(Closed, devices),
)
choices = st.builds(
    Override,
    status=st.sampled_from(["online", "idle", "dnd", "invisible"]),
    text=st.sampled_from([None, "back soon"]),
    expires_in=st.sampled_from([None, 1, 20_000, 300_000]),
)


def histories(events: st.SearchStrategy[Event]) -> st.SearchStrategy[list[tuple[int, Event]]]:
    """Some events, and how long to wait before each."""
    return st.lists(st.tuples(waits, events), max_size=12)


def lived(history: list[tuple[int, Event]], **figures: int) -> Person:
    """A person to whom this happened."""
    person = Person(**figures)
    for wait, event in history:
        person.wait(wait).take(event)
    return person
