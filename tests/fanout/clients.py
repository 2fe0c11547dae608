"""Clients of the fan-out, through all their connections: what they know, and where they would go on."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sse_presence.fanout.stream import Stream
from sse_presence.sse.collector import Collector
from tests.fanout.world import Sink, World


class Client:
    """One that takes what it is told, and objects to what it must not be told."""

    def __init__(self, world: World, *users: str, **interest: Any) -> None:
        self.world = world
        self.users = users
        self.interest = interest
        self.view: dict[str, dict[str, Any]] = {}
        self.members: dict[str, set[str]] = {}
        self.last = ""
        self.stale = False
        self.stream: Stream
        self.connect()

    @property
    def follows(self) -> bool:
        """Whether whom it watches changes: somebody may be forgotten and told again."""
        return self.interest.keys() - {"viewer", "channels"} != set()

    def take(self, name: str, data: Any) -> None:
        if name == "snapshot":
            self.view, self.seen = {}, set[tuple[str, int]]()
            self.take_records(data["users"])
        elif name == "presence":
            self.take_records(data["users"])
        elif name == "channel":
            for roll in data["channels"]:
                self.take_roll(roll)

    def take_records(self, records: Iterable[dict[str, Any]]) -> None:
        for record in records:
            user, version = record["user"], record["version"]
            assert self.follows or (user, version) not in self.seen, "told twice on one connection"
            assert version >= self.view.get(user, {"version": 0})["version"], "went back"
            self.seen.add((user, version))
            self.view[user] = record

    def take_roll(self, roll: dict[str, Any]) -> None:
        members = self.members.setdefault(roll["channel"], set())
        if "members" in roll:
            members.clear()
            members.update(roll["members"])
        else:
            assert not members & set(roll["joined"]), "joined twice"
            assert members >= set(roll["left"]), "left without being there"
            members |= set(roll["joined"])
            members -= set(roll["left"])
        assert len(members) == roll["count"]

    def connect(self) -> None:
        raise NotImplementedError

    def disconnect(self) -> None:
        self.read()
        self.world.hub.leave(self.stream)

    def read(self) -> None:
        raise NotImplementedError


class Streamer(Client):
    """One with an open stream."""

    sink: Sink

    def connect(self) -> None:
        self.seen = set[tuple[str, int]]()
        self.stale = False
        self.stream, self.sink = self.world.open(*self.users, last=self.last, **self.interest)

    def read(self) -> None:
        for event in [event for write in self.sink.writes for event in write]:
            self.last = event.id or self.last
            if event.event in {"stale", "fresh"}:
                assert self.stale != (event.event == "stale"), "told once"
                self.stale = event.event == "stale"
            self.take(event.event, event.json())
        self.sink.writes.clear()


class Poller(Client):
    """One that polls, again as soon as it is answered."""

    answers = 0

    def connect(self) -> None:
        self.seen = set[tuple[str, int]]()
        self.collector = Collector(self.last)
        opening = self.world.opening(*self.users, last=self.last, patience=30_000, **self.interest)
        self.stream = self.world.hub.open(opening, self.collector)

    def read(self) -> None:
        if not self.collector.answered.done():
            return
        answer = json.loads(self.collector.answer())
        self.answers += 1
        self.last = answer["cursor"]
        for event in answer["events"]:
            if event["event"] in {"stale", "fresh", "snapshot"}:
                self.stale = event["event"] == "stale"
            self.take(event["event"], event["data"])
        self.connect()
