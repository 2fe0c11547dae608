"""Invisible: others see exactly what they would see had all devices left at that moment.

Every story has two users. One leaves with all devices and is silent until it comes back, the other goes
invisible instead and goes on as busily as it can. Whoever watches them cannot tell one from the other.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Iterable
from contextlib import AsyncExitStack
from itertools import count
from typing import Any

from sse_presence.store.keys import partition_of
from tests.cases.caller import SHORT, Caller
from tests.cases.conftest import Call
from tests.cases.raw import Raw, open_raw
from tests.conftest import Live, StartLive
from tests.stream import CEILING

SETTINGS = SHORT | {
    "heartbeat": 5,
    "grace": 1.2,
    "idle_after": 60,
    "hidden_idle_after": 30,
    "last_seen_precision": 4,
    "typing_ttl": 2.4,
    "partitions": 2,
}
ACTIVE: dict[str, Any] = {"interval_ms": 20_000}
"""A heartbeat that lasts for a minute: nobody dies here who does not leave."""
IDLE: dict[str, Any] = ACTIVE | {"idle_ms": 61_000}
PAUSE = 0.4
"""Longer than a window, so that no two steps become one frame."""

STORIES = (
    "plain", "devices", "dnd", "ending", "typing", "idle", "leaving", "never", "back-idle", "back-still",
    "by-itself",
)  # fmt: skip


class Person:
    """One user of a story, its two processes, and a channel in its own partition and one in the other."""

    def __init__(self, call: Call, nodes: list[Live], name: str) -> None:
        self.name = name
        self.story = name.partition("-")[2]
        self.here, self.there = (call(node.url, name) for node in nodes)
        self.near, self.far = (
            next(room for number in count() if self._is_near(room := f"room-{number}-{name}") is near)
            for near in (True, False)
        )

    def _is_near(self, room: str) -> bool:
        partitions = SETTINGS["partitions"]
        return partition_of(room, partitions) == partition_of(self.name, partitions)

    def anonymous(self, text: str) -> str:
        """A text without what may differ: the names, times and cursors' content."""
        for name, stands_for in ((self.near, "near"), (self.far, "far"), (self.name, "someone")):
            text = text.replace(name, stands_for)
        text = re.sub(r"^id: (\S+)$", lambda found: f"id: {len(found[1])} long", text, flags=re.MULTILINE)
        return re.sub(r'"(time|until|expires_in)": ?\d+', r'"\1":0', text)

    async def before(self) -> None:
        """What both of a story do first."""
        if self.story != "never":
            await self.here.beat(**IDLE if self.story == "idle" else ACTIVE)
        await asyncio.sleep(PAUSE)
        await self.prepare()
        await asyncio.sleep(PAUSE)
        if self.story == "typing":
            await self.prepare()

    async def prepare(self) -> None:
        """What makes the story."""
        match self.story:
            case "devices":
                for device in ("phone", "laptop"):  # alike: who leaves with both does not do so at once
                    await self.there.beat(device, kind="mobile", activity="in_call", **ACTIVE)
                    await asyncio.sleep(PAUSE)
            case "dnd":
                await self.here.choose("dnd", text="do not", emoji="🌙")
            case "ending":
                await self.here.choose("idle", text="soon over", expires_in=1000)
            case "typing":
                for room in (self.near, self.far):
                    await self.here.types(room)
            case "leaving":
                await self.here.leave()

    async def go(self) -> None:
        """Leave, each in its own way."""
        if self.name.startswith("veil"):
            await self.here.choose("invisible", expires_in=5_500 if self.story == "by-itself" else None)
        else:
            for device in ("laptop", "phone"):
                await self.here.leave(device)

    async def come_back(self) -> None:
        """Be seen again; in one story without any input since before it went."""
        await self.there.choose("online")
        if self.story != "back-still":
            await self.there.beat(**IDLE if self.story == "back-idle" else ACTIVE)
        elif self.name.startswith("gone"):
            await self.there.beat(**ACTIVE | {"idle_ms": 30_000})

    async def act_unseen(self) -> None:
        """All that an invisible user may do, at both processes, well before it is visible again."""
        end = asyncio.get_running_loop().time() + (1.5 if self.story == "by-itself" else 3.8)
        for step in count():
            if asyncio.get_running_loop().time() > end:
                break
            caller = (self.here, self.there)[step % 2]
            beat = IDLE if self.story == "back-idle" else ACTIVE | {"visible": step % 3 != 0}
            await caller.beat(**beat)
            await caller.beat("desk", kind="desktop", activity=f"call-{step}", **IDLE)
            if self.story not in {"back-idle", "by-itself"}:
                await caller.choose("invisible", text=f"secret {step}")
            if self.story != "back-idle":
                for room in (self.near, self.far):
                    await caller.types(room, device="laptop", typing=step % 2 == 1)
                    await caller.types(room, device="desk", typing=step % 2 == 0)
            await caller.ask()
            for device in ("desk", "phone"):
                await caller.leave(device)
            async with open_raw(caller.url, me=self.name, user=self.name, device="laptop") as (raw, _):
                await raw.until(b'"invisible"')
                await asyncio.sleep(0.1)


async def test_invisible_looks_like_gone(live: StartLive, call: Call) -> None:
    """Streams, resyncs, queries, typing, last-seen and versions: the same bytes, also after the return."""
    nodes = [await live(**SETTINGS) for _ in range(2)]
    people = {who: [Person(call, nodes, f"{who}-{story}") for story in STORIES] for who in ("gone", "veil")}
    everyone = [*people["gone"], *people["veil"]]
    watcher = call(nodes[1].url, "watcher")
    async with AsyncExitStack() as stack:
        streams = {person.name: await watch(stack, nodes[1], person) for person in everyone}

        await on_a_boundary(watcher)
        await together(person.before() for person in everyone)
        cursors = {name: raws[0].fields(b"id")[0].decode() for name, raws in streams.items()}
        await together(person.go() for person in everyone)

        # Who comes back by itself may be back before a busy machine has looked.
        lasting = {
            who: [person for person in both if person.story != "by-itself"] for who, both in people.items()
        }

        async def look() -> None:
            for wait in (0.3, 1.9, 1.5):
                await asyncio.sleep(wait)
                await same_answers(watcher, lasting)
            for person in (*lasting["gone"], *lasting["veil"]):
                streams[person.name] += await watch(stack, nodes[0], person, cursors[person.name])

        await together([look(), *(person.act_unseen() for person in people["veil"])])
        await shows(streams["veil-by-itself"][0], b'"online"', 2)
        await people["gone"][STORIES.index("by-itself")].there.beat(**ACTIVE)

        await asyncio.sleep(SETTINGS["grace"] + PAUSE)  # what left unseen is not there at the return
        await on_a_boundary(watcher)
        await together(person.come_back() for person in everyone)
        await asyncio.sleep(PAUSE)
        await same_answers(watcher, people)
        await together(person.there.types(person.near) for person in everyone if "still" not in person.name)
        await together(person.there.choose("dnd", text="again") for person in everyone)
        await asyncio.sleep(PAUSE)
        await same_answers(watcher, people)
        await together(person.go() for person in everyone)
        await asyncio.sleep(2.5)
        await same_answers(watcher, people)

        for person in everyone:
            for raw in streams[person.name][1:3]:
                assert all(lasted > promised - 0.3 for promised, lasted in typed(raw)), person.name
        for gone, veil in zip(people["gone"], people["veil"], strict=True):
            for one, other in zip(streams[gone.name], streams[veil.name], strict=True):
                assert told(one, gone) == told(other, veil), gone.story
            offline = [frame for frame in told(streams[veil.name][0], veil) if '"offline"' in frame]
            assert len(offline) == (2 if veil.story == "never" else 3)


async def watch(stack: AsyncExitStack, node: Live, person: Person, last_event_id: str = "") -> list[Raw]:
    """Streams of the user, of one channel and of the other; with a cursor one that resumes."""
    me = f"watcher of {person.name}"
    queries = [{"user": person.name}, {"channel": person.near}, {"channel": person.far}]
    if last_event_id:
        queries.append({"user": person.name, "last_event_id": last_event_id})
    raws = [(await stack.enter_async_context(open_raw(node.url, me=me, **query)))[0] for query in queries]
    for raw in raws:
        await raw.until(b"\nid: ")
    if last_event_id:
        assert b'"resumed":true' in raws[-1].body
    return raws


def told(raw: Raw, person: Person) -> list[str]:
    """All events but those that come and go with the clock."""
    frames = [person.anonymous(b"\n".join(frame).decode()) for frame in raw.frames]
    return [frame for frame in frames if "event: ping" not in frame and "event: hello" not in frame]


def typed(raw: Raw) -> list[tuple[float, float]]:
    """For each time that the user typed: the seconds that were promised last, and those that it lasted."""
    times, promised, since = [], 0.0, 0.0
    for moment, piece in raw.pieces:
        for entries in re.findall(rb'"typing":\[(.*?)\]', piece):
            if entries:
                promised, since = int(entries.rpartition(b'"expires_in":')[2][:-1]) / 1000, moment
            elif promised:
                times.append((promised, moment - since))
    return times


async def same_answers(watcher: Caller, people: dict[str, list[Person]]) -> None:
    """The records of both of each story, from one query; again where it came just between their deadlines."""
    names = [person.name for both in people.values() for person in both]
    for last in (False, False, True):
        records = (await watcher.ask(*names)).records
        pairs = {
            gone.story: (
                gone.anonymous(json.dumps(records[gone.name])),
                veil.anonymous(json.dumps(records[veil.name])),
            )
            for gone, veil in zip(people["gone"], people["veil"], strict=True)
        }
        different = {story: both for story, both in pairs.items() if both[0] != both[1]}
        if not different:
            return
        assert not last, different
        await asyncio.sleep(0.25)


async def shows(raw: Raw, text: bytes, times: int) -> None:
    async with asyncio.timeout(CEILING):
        while raw.body.count(text) < times:  # noqa: ASYNC110 - reading sets no event
            await asyncio.sleep(0.005)


async def on_a_boundary(watcher: Caller) -> None:
    """Wait for a moment after which the last activity of all that happens at once is rounded alike."""
    while (await watcher.ask()).time % 4000 > 200:  # noqa: ASYNC110 - clocks set no event
        await asyncio.sleep(0.02)


async def together(doing: Iterable[Awaitable[object]]) -> None:
    await asyncio.gather(*doing)
