"""One partition of the store as the specification has it: `domain.rules` with outages and publications."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from msgspec.structs import replace

from sse_presence.domain import rules as spec
from sse_presence.domain import typing_list
from sse_presence.domain.model import Outage, Rules, Shown, User
from sse_presence.domain.signal import Heartbeat, Leave, Override, Typing
from sse_presence.domain.typing_list import Channel

OUTAGE_AFTER = 5_000

CAUGHT_UP = 10
"""A lead over the clock shrinks by a tenth of the time that passes."""


@dataclass
class Published:
    """What one call of the script must publish."""

    public: dict[str, Shown] = field(default_factory=dict)
    own: dict[str, Shown] = field(default_factory=dict)
    typing: dict[str, dict[str, int]] = field(default_factory=dict)


class Partition:
    """Applies operations to users; `out` collects what one call publishes."""

    def __init__(self, rules: Rules, now: int) -> None:
        self.rules = rules
        self.now = self.mark = self.led = now
        self.lead = 0
        self.outages: list[Outage] = []
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        self.floor = 0
        self.out = Published()

    def begin(self, clock: int) -> None:
        """A call of the script starts; the clock may have gone back, time does not."""
        now = clock + max(0, self.lead - -(-(clock - self.led) // CAUGHT_UP))
        if now < self.mark:
            self.lead, self.led, now = self.mark - clock, clock, self.mark
        self.now, self.out = now, Published()
        if now - self.mark > OUTAGE_AFTER:
            if now - self.mark <= self.rules.forgiven_outage:
                self.outages.append(Outage(begin=self.mark, end=now))
            self.mark = now

    def user(self, name: str) -> User:
        """A user brought to now."""
        new = Shown(version=self.floor)
        user = self.users.get(name) or User(public=new, own=new, outages=len(self.outages))
        return spec.at(user, self.now, self.outages, self.rules)

    def _settle(self, name: str, user: User) -> User:
        before = self.users.get(name) or User()
        after = spec.shown(user, self.now, self.now, self.rules)
        for old, new in ((user.ghost, after.ghost), (user.real, after.real)):
            if old is not None and not old.forgotten and (new is None or new.forgotten):
                self.floor = max(self.floor, user.public.version + 1, user.own.version + 1)
        if after.public != user.public:
            self.out.public[name] = after.public
        if after.own != user.own:
            self.out.own[name] = after.own
        blank = not after.real.devices and not after.real.chosen and after.own.changed == 0
        if not blank or name in self.users:
            self.users[name] = after
        del before
        return after

    def apply(self, name: str, step: Callable[[User], User]) -> User:
        """One operation on one user."""
        return self._settle(name, step(self.user(name)))

    def heartbeat(self, name: str, beat: Heartbeat) -> tuple[str, int | None]:
        user, newer = spec.heartbeat(self.user(name), beat, self.now, self.rules)
        return spec.status_of(self._settle(name, user).real), newer

    def leave(self, name: str, signal: Leave) -> tuple[str, int | None]:
        user, newer = spec.leave(self.user(name), signal, self.now, self.rules)
        return spec.status_of(self._settle(name, user).real), newer

    def renew(self, name: str, device: str) -> int | None:
        user = self.apply(name, lambda user: spec.renew(user, device, self.now, self.rules))
        attached = user.real.devices.get(device)
        return attached.interval if attached is not None else None

    def closed(self, name: str, device: str) -> None:
        self.apply(name, lambda user: spec.closed(user, device, self.now, self.rules))

    def choose(self, name: str, override: Override) -> Shown:
        return self.apply(name, lambda user: spec.choose(user, override, self.now, self.rules)).own

    def typing(self, name: str, signal: Typing) -> int | None:
        channel = self.channels.get(signal.channel, Channel())
        newer = typing_list.newer(channel, name, signal.device, signal.seq, self.now)
        if newer is not None:
            self.apply(name, lambda user: user)
            self._settle_channel(signal.channel, channel, publish=False)
            return newer
        user = self.apply(name, lambda user: spec.typed(user, signal, self.now, self.rules))
        channel = typing_list.signalled(
            channel,
            (name, signal.device),
            typing=signal.typing,
            seq=signal.seq,
            hidden=user.ghost is not None,
            now=self.now,
            rules=self.rules,
        )
        self._settle_channel(signal.channel, channel)
        return None

    def _settle_channel(self, name: str, channel: Channel, *, publish: bool = True) -> None:
        self.channels[name] = channel
        if not publish:
            return
        self.channels[name], due = typing_list.settled(channel, self.now, self.rules)
        if due:
            self.out.typing[name] = self.channels[name].told

    def lists(self, name: str) -> dict[str, int]:
        self._settle_channel(name, self.channels.get(name, Channel()))
        return typing_list.typists(self.channels[name], self.now)

    def tick(self, gap: int) -> None:
        """The sweep."""
        if self.now - self.mark < gap:
            return
        for name in list(self.users):
            self.apply(name, lambda user: user)
        for name, channel in self.channels.items():
            self._settle_channel(name, channel)
        self.mark = self.now

    def adopt(self, name: str, *, public: int | None, own: int | None) -> None:
        """Times of changes are the store's to give, in the order it found them."""
        user = self.users[name]
        if public is not None:
            user = replace(user, public=replace(user.public, changed=public))
        if own is not None:
            user = replace(user, own=replace(user.own, changed=own))
        self.users[name] = user
