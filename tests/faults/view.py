"""What a client knows from its stream, built as the contract says a client builds it.

Whatever an event does that section 7 rules out is returned as a complaint: (promise, user or channel, what).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.faults.figures import LAG
from tests.faults.history import Record, Told

Complaint = tuple[str, str, str]

RESENT = 6_000
"""Records of so long before a cursor may come again when a stream resumes there."""


class View:
    """State of one watcher over all of its connections."""

    def __init__(self, viewer: str, *, apart: int = 0) -> None:
        """`apart`: milliseconds by which clocks of masters may differ; cursors have one time."""
        self.viewer = viewer
        self._resent = RESENT + LAG + apart
        self.records: dict[str, Record] = {}
        self.typing: dict[str, dict[str, int]] = {}
        """Channel → user → when the entry lapses unless it is refreshed."""
        self.members: dict[str, set[str]] = {}
        """Channel → who is in it, once this connection has told."""
        self.complete = False
        """Whether this connection has told all records that are watched."""
        self.complete_at = 0
        """Since when, or when it was last `fresh`; what is typed follows."""
        self.stale = False
        self.settling = False
        """Whether the last snapshot said that the store may lack what it lost."""
        self._resuming = False
        self._parts: list[Record] = []
        self._since: dict[str, int] = {}
        """When each record was first seen."""
        self._cursor_at = 0
        self._told: set[str] = set()
        """Whose record came on this connection: one from before it may come again."""

    def connect(self) -> None:
        """A new connection: nothing is known to be right until it has told."""
        self.complete = self.stale = self._resuming = False
        self._parts = []
        self._told = set()
        self.members = {}

    def apply(self, told: Told) -> list[Complaint]:
        """Take one event."""
        complaints = list(self._apply(told))
        if told.id and told.name in {"snapshot", "presence"}:
            self._cursor_at = told.at
        return complaints

    def _apply(self, told: Told) -> Iterator[Complaint]:
        match told.name:
            case "hello":
                self._resuming = told.data["resumed"]
            case "snapshot":
                self._snapshot(told)
            case "presence":
                yield from self._presence(told)
            case "typing":
                yield from self._typing(told)
            case "channel":
                yield from self._channel(told)
            case "stale":
                if self.stale:
                    yield "stale and fresh in turn", "", "stale came twice"
                self.stale = True
            case "fresh":
                if not self.stale:
                    yield "stale and fresh in turn", "", "fresh came, but stale had not"
                self.stale, self.complete_at = False, told.at

    def _snapshot(self, told: Told) -> None:
        if told.data["part"] == 1:
            self._parts = []
        self._parts += told.data["users"]
        if told.data["part"] < told.data["parts"]:
            return
        self.records = {record["user"]: record for record in self._parts}
        self._since = dict.fromkeys(self.records, told.at)
        self._told = set(self.records)
        self.settling = "settling_ms" in told.data
        self._complete(told)

    def _presence(self, told: Told) -> Iterator[Complaint]:
        for record in told.data["users"]:
            user, known = record["user"], self.records.get(record["user"])
            yield from self._compare(record, known)
            if known is None or record["version"] != known["version"]:
                self._since[user] = told.at
            self.records[user] = record
            self._told.add(user)
        if self._resuming and told.id:
            self._complete(told)

    def _complete(self, told: Told) -> None:
        if not self.complete:
            self.complete_at = told.at
        self.complete, self._resuming = True, False

    def _compare(self, record: Record, known: Record | None) -> Iterator[Complaint]:
        user = record["user"]
        if known is None:
            yield "a snapshot first", user, f"a change of an unknown record: {record}"
            return
        step = record["version"] - known["version"]
        if step < 0:
            yield "no version back", user, f"{known} was followed by {record}"
        elif step == 0 and record != known:
            yield "one content a version", user, f"{known} was followed by {record}"
        elif step == 0 and user in self._told:
            yield "no unchanged record twice", user, f"{record} came again"
        elif step == 0 and self._since[user] < self._cursor_at - self._resent and not self.stale:
            yield "no old record on resuming", user, f"{record} came again, known since {self._since[user]}"
        elif step == 1 and known["version"] and _shown(record) == _shown(known) and not self._resuming:
            yield "one delta a change", user, f"{known} was followed by {record}, which shows the same"

    def _typing(self, told: Told) -> Iterator[Complaint]:
        for channel in told.data["channels"]:
            name, listed = channel["channel"], channel["typing"]
            self.typing[name] = {entry["user"]: told.at + entry["expires_in"] for entry in listed}
            if self.viewer in self.typing[name]:
                yield "no own typing", name, f"{self.viewer} was told of its own typing"

    def _channel(self, told: Told) -> Iterator[Complaint]:
        for channel in told.data["channels"]:
            name = channel["channel"]
            if "members" in channel:
                self.members[name] = set(channel["members"])
            elif name not in self.members:
                yield "all members first", name, f"a change of an unknown list: {channel}"
                continue
            else:
                self.members[name] |= set(channel["joined"])
                self.members[name] -= set(channel["left"])
            if len(self.members[name]) != channel["count"]:
                yield "members add up", name, f"{sorted(self.members[name])} after {channel}"


def _shown(record: Record) -> dict[str, Any]:
    """What a change must change: not the version, not how long ago something was."""
    return {name: value for name, value in record.items() if name not in {"version", "last_seen"}}
