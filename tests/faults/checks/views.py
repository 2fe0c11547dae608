"""Checks of what watchers believe: at every moment it was true, or was a moment ago."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tests.faults.expectation import Expectation
from tests.faults.figures import LAG
from tests.faults.history import Connection, Told, Violation, Watching
from tests.faults.spans import Spans
from tests.faults.trouble import Trouble
from tests.faults.view import View

STEP = 250
"""A view is looked at this often between events."""


@dataclass(frozen=True)
class Typing:
    """When a user may and must be listed in a channel."""

    maybe: Spans
    surely: Spans


@dataclass
class Belief:
    """Follows one watcher and compares what it believes with what may be."""

    watching: Watching
    trouble: Trouble
    expectations: Mapping[str, Expectation]
    typing: Mapping[tuple[str, str], Typing]
    """(channel, user) → its typing."""
    answered: Mapping[str, Sequence[tuple[int, int]]]
    """User → (time, version) of public records in queries, by time."""
    exact: bool = True
    _came: set[str] = field(default_factory=set)
    """Users that were told to be live: what is told of them later is not from before they came."""

    def check(self) -> Iterator[Violation]:
        """All that was wrong; a belief that stays wrong is told once."""
        view = View(self.watching.viewer)
        told_of: set[tuple[str, str, str]] = set()
        for connection in self.watching.connections:
            view.connect()
            for at, told in _moments(connection):
                if told is not None:
                    view.apply(told)
                if not view.complete or view.stale:
                    continue
                for violation in self._wrong(view, connection, at):
                    key = (violation.promise, violation.about, violation.detail)
                    if key not in told_of:
                        told_of.add(key)
                        yield violation

    def _wrong(self, view: View, connection: Connection, at: int) -> Iterator[Violation]:
        oldest = self.trouble.known_at(connection.node, at)
        for user, record in view.records.items():
            if user in self.expectations:
                yield from self._wrong_record(connection, record, (oldest, at))
        if not self.trouble.settling.meets(oldest, at):
            yield from self._behind(view, (oldest, at))
        if view.complete_at <= at - LAG and self.trouble.calm(connection.node, at - LAG, at):
            yield from self._wrong_typing(view, at)

    def _wrong_record(
        self, connection: Connection, record: dict[str, object], when: tuple[int, int]
    ) -> Iterator[Violation]:
        user, status = str(record["user"]), str(record["status"])
        own = user == self.watching.viewer
        shown = not self._began_settling(connection)
        expectation = self.expectations[user]
        if status != "offline":
            self._came.add(user)
        elif user in self._came:
            when = (max(when[0], min(expectation.came_at + 1, when[1])), when[1])
        possible = expectation.statuses(*when, own=own, shown=shown)
        if status not in possible:
            promise = "no false offline" if status == "offline" else f"no {status} without cause"
            if possible == {"offline"}:
                promise = "no ghost"
            detail = f"{self.watching.name} believes {record}; possible: {', '.join(sorted(possible))}"
            yield Violation(promise, when[1], user, detail)
        until = record.get("until")
        if self.exact and isinstance(until, int) and until < when[0]:
            detail = f"{self.watching.name} believes {record}, which has ended"
            yield Violation("overrides end", when[1], user, detail)

    def _behind(self, view: View, when: tuple[int, int]) -> Iterator[Violation]:
        """What a query answered a while ago, the stream has told."""
        for user, record in view.records.items():
            if user == self.watching.viewer or user not in self.answered:
                continue
            answers = self.answered[user]
            before = bisect_left(answers, (when[0], 0))
            version = answers[before - 1][1] if before else 0
            if record["version"] < version:
                detail = f"{self.watching.name} believes {record}, version {version} was answered"
                yield Violation("every change is told", when[1], user, detail)

    def _began_settling(self, connection: Connection) -> bool:
        """Whether the store may have been settling before this connection knew all: it has no last known."""
        told = (told.at for told in connection.told if told.name in {"snapshot", "presence"} and told.id)
        return self.trouble.settling.meets(connection.opened, next(told, connection.opened))

    def _wrong_typing(self, view: View, at: int) -> Iterator[Violation]:
        for (channel, user), typing in self.typing.items():
            if channel not in self.watching.channels or user == self.watching.viewer:
                continue
            lapses = view.typing.get(channel, {}).get(user, 0)
            if at < lapses and not typing.maybe.meets(at - LAG, at):
                detail = f"{self.watching.name} believes that {user} types in {channel}"
                yield Violation("typing ends", at, user, detail)
            if lapses + LAG < at and typing.surely.covers(at - LAG, at):
                detail = f"{self.watching.name} does not know that {user} types in {channel}"
                yield Violation("typing is told", at, user, detail)


def _moments(connection: Connection) -> Iterator[tuple[int, Told | None]]:
    """Every event, and moments between them."""
    at = connection.opened
    for told in connection.told:
        for moment in range(at + STEP, told.at, STEP):
            yield moment, None
        yield told.at, told
        at = told.at
    for moment in range(at + STEP, connection.closed or at, STEP):
        yield moment, None
