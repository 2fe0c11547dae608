"""Who is in a channel, as this process knows it: pure, and with the last changes kept in their order.

Streams note only a place in the log of changes, so that what each of them has yet to be told, the net
difference since that place, costs a stream one number. Where the log does not reach back that far, or the
members are not shown by name, the whole is told instead.
"""

from __future__ import annotations

from typing import NamedTuple

from sse_presence.domain.roll import LISTED, Roll
from sse_presence.sse.encode import MEMBERS

BEGINNING = -1
"""A place from which everything is to be told."""

_LOGGED = 2 * MEMBERS
"""Changes kept: beyond, the members themselves are shorter."""


class Change(NamedTuple):
    """What became of a roster."""

    place: int
    """In the log, just before it."""
    joined: frozenset[str]
    left: frozenset[str]


class _State(NamedTuple):
    size: int
    members: frozenset[str] | None
    """None where there are more than are listed."""


class Roster:
    """The members of one channel."""

    __slots__ = ("_begin", "_changed", "_early", "_log", "_state")

    def __init__(self) -> None:
        self._state = _State(0, frozenset())
        self._changed = 0
        """Store time up to which every change is in it."""
        self._early: list[Roll] = []
        """Differences heard while a reading was on its way: the newer ones belong on top of it."""
        self._log: list[tuple[str, bool]] = []
        self._begin = 0
        """The place of the first change in the log."""

    @property
    def count(self) -> int:
        """How many are in the channel."""
        return self._state.size

    @property
    def changed(self) -> int:
        """Store time after which it has not changed."""
        return self._changed

    @property
    def members(self) -> frozenset[str]:
        """Who is; nobody where there are more than are listed."""
        return self._state.members or frozenset()

    def roll(self, channel: str, place: int) -> Roll | None:
        """What is to be told to somebody who was told all before a place; None if nothing is."""
        count, members = self._state
        if members is None or count > MEMBERS:
            return Roll(channel, count, None)
        if place < self._begin:
            return Roll(channel, count, tuple(sorted(members)))
        first: dict[str, bool] = {}
        for user, joins in self._log[place - self._begin :]:
            first.setdefault(user, joins)
        joined = tuple(user for user, joins in first.items() if joins and user in members)
        left = tuple(user for user, joins in first.items() if not joins and user not in members)
        return Roll(channel, count, None, joined, left) if joined or left else None

    def ask(self) -> None:
        """A reading begins: what was heard until now will be in it."""
        self._early.clear()

    def forget(self) -> None:
        """Another store speaks: differences to the last one's members mean nothing."""
        self._early.clear()

    def wait(self, roll: Roll) -> None:
        """Keep what was heard while it is not known what it is a difference to."""
        self._early.append(roll)

    def lacks(self, roll: Roll) -> bool:
        """Whether a difference was heard to members who were not listed: they have to be read."""
        newer = roll.changed > self._changed
        return newer and roll.members is None and roll.count <= LISTED and self._state.members is None

    def hear(self, roll: Roll, *, keep: bool) -> Change | None:
        """Take a roll from the bus; what it changed. `keep`: nobody is shown leaving."""
        if roll.changed <= self._changed:
            return None
        self._changed = roll.changed
        return self._become(_after(self._state, roll, keep=keep))

    def read(self, roll: Roll, *, keep: bool) -> Change | None:
        """Take a whole roll from the store; what it changed will be told as a whole."""
        state = _after(self._state, roll, keep=keep)
        self._changed = roll.changed
        for newer in self._early:
            if newer.changed > self._changed:
                state, self._changed = _after(state, newer, keep=keep), newer.changed
        self._early.clear()
        change = self._become(state)
        self._cut()
        return change

    def _become(self, state: _State) -> Change | None:
        last, self._state = self._state, state
        if state == last:
            return None
        place = self._begin + len(self._log)
        then, now = last.members or frozenset(), state.members or frozenset()
        joined, left = now - then, then - now
        if max(state.size, last.size) > MEMBERS:
            self._cut()
        else:
            self._log += [(user, True) for user in sorted(joined)] + [(user, False) for user in sorted(left)]
            if len(self._log) > _LOGGED:
                self._begin += len(self._log) - MEMBERS
                del self._log[:-MEMBERS]
        return Change(place, joined, left)

    def _cut(self) -> None:
        """Whoever was not told everything by now is told the whole."""
        self._begin += len(self._log) + 1
        self._log.clear()


def _after(state: _State, roll: Roll, *, keep: bool) -> _State:
    """What a roll makes of a state; `keep`: whoever was there is kept, whatever it says."""
    if roll.members is not None:
        members = frozenset(roll.members)
    elif roll.count > LISTED or state.members is None:
        return _State(max(roll.count, state.size) if keep else roll.count, None)
    else:
        members = (state.members - set(roll.left)) | set(roll.joined)
    if keep:
        if state.members is None:
            return _State(max(len(members), state.size), None)
        members |= state.members
    return _State(len(members), members)
