"""Clients that poll one by one, and remember where they stand."""

from __future__ import annotations

import json
from typing import Any

from sse_presence.sse.collector import Collector
from tests.fanout.world import Sink, World


class Client:
    """One that polls, and remembers where it stands."""

    def __init__(self, world: World, *users: str, **interest: Any) -> None:
        self.world = world
        self.users = users
        self.interest = interest
        self.cursor = ""

    def begin(self, patience: int = 20_000) -> None:
        """Send a poll, now by the loop's clock."""
        self.world.ahead = 0.0
        self.sink = Collector(self.cursor)
        opening = self.world.opening(*self.users, last=self.cursor, patience=patience, **self.interest)
        self.poll = self.world.hub.open(opening, self.sink)

    def answer(self) -> list[tuple[str, Any]] | None:
        """Events of the answer, if it has come."""
        if not self.sink.answered.done():
            return None
        answer = json.loads(self.sink.answer())
        self.cursor = answer["cursor"]
        return [(event["event"], event["data"]) for event in answer["events"]]

    def ask(self, seconds: float = 0.0) -> list[str] | None:
        """The names of events that a poll is answered with within some time."""
        self.begin()
        self.world.read()
        self.world.turn(seconds)
        answer = self.answer()
        return None if answer is None else [name for name, _ in answer]


def last_id(sink: Sink) -> str:
    return [event.id for write in sink.writes for event in write if event.id][-1]


def users(answer: list[tuple[str, Any]] | None) -> list[list[str]]:
    assert answer is not None
    return [[one["user"] for one in data["users"]] for name, data in answer if name == "presence"]
