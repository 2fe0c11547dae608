"""A partition that also keeps who is in which channel, by `domain.membership` and `domain.members`."""

from __future__ import annotations

from collections.abc import Sequence

from sse_presence.domain import members as channel_side
from sse_presence.domain import membership as user_side
from sse_presence.domain.members import Members
from sse_presence.domain.membership import Membership, Taken, public_channels
from sse_presence.domain.model import Rules, User
from sse_presence.domain.roll import Roll
from tests.store.model import Partition

Line = tuple[str, str, int, bool]


class Channels(Partition):
    """Users and their channels in one partition; `before` holds the rolls that this call touched."""

    def __init__(self, rules: Rules, now: int) -> None:
        super().__init__(rules, now)
        self.memberships: dict[str, Membership] = {}
        self.members: dict[str, Members] = {}
        self.before: dict[str, Members] = {}
        self.recalled = ""
        self.owing = False

    def begin(self, clock: int) -> None:
        """A call of the script starts."""
        super().begin(clock)
        self.before, self.owing = {}, False

    def _settle(self, name: str, user: User) -> User:
        after = super()._settle(name, user)
        membership = self.memberships.get(name, Membership())
        self.memberships[name] = user_side.settled(membership, public_channels(after), self.now)
        self.owing = self.owing or self.memberships[name] is not membership
        return after

    def due(self) -> dict[str, int]:
        """The outbox."""
        return {name: one.due for name, one in self.memberships.items() if one.due is not None}

    def waiting(self) -> list[str]:
        """Who is to be taken now."""
        return [name for name, due in self.due().items() if due <= self.now]

    def take(self, name: str, fence: int) -> Taken | None:
        """Read one user's channels under a fence that the store gave."""
        self.memberships[name], reading = user_side.taken(self.memberships[name], name, fence, self.now)
        return reading

    def told(self, user: str, fence: int) -> None:
        """A reading is confirmed."""
        self.memberships[user] = user_side.told(self.memberships[user], fence, self.now)

    def recall(self, digest: str) -> None:
        """Some channels may have lost their members."""
        if digest != self.recalled:
            self.recalled = digest
            for name in self.due():
                self.memberships[name] = user_side.recalled(self.memberships[name])

    def load(self, channel: str) -> Members:
        """A roll brought to now."""
        known = self.members.get(channel, Members())
        self.before.setdefault(channel, known)
        last_outage = self.outages[-1] if self.outages else None
        self.members[channel] = channel_side.lapsed(known, self.now, last_outage)
        return self.members[channel]

    def enter(self, lines: Sequence[Line]) -> bool:
        """Whether all lines were taken."""
        all_taken = True
        for channel, user, fence, present in lines:
            self.members[channel], taken = channel_side.entered(
                self.load(channel), user, fence, present=present, now=self.now
            )
            all_taken = all_taken and taken
        return all_taken

    def roll(self, channel: str) -> Roll:
        """Who is in a channel."""
        return channel_side.roll(channel, self.load(channel), self.rules)

    def tick(self, gap: int) -> None:
        """The sweep."""
        if self.now - self.mark >= gap:
            for channel in list(self.members):
                self.load(channel)
        super().tick(gap)
        self.owing = self.owing or bool(self.waiting())

    def changes(self) -> dict[str, Roll]:
        """What this call must publish of rolls."""
        found = (
            channel_side.difference(channel, before, self.members[channel], self.rules)
            for channel, before in self.before.items()
        )
        return {change.channel: change for change in found if change is not None}

    def truth(self, channel: str) -> set[str]:
        """Who others should see in a channel."""
        return {name for name, user in self.users.items() if channel in public_channels(user)}
