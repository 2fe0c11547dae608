"""The outbox of a partition: what it tells whom, what it confirms, and what it leaves to a later sweep."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from sse_presence.errors import StoreUnavailable
from sse_presence.store.outbox import Outbox
from sse_presence.store.script import Operation, Reply

REPLY = Reply(now=1, incarnation="i", seq=1, position=1, settling=0, results=())
HERE = 0


@dataclass
class Partitions:
    """Answers operations from a script; a channel `n…` lies in partition n."""

    takes: deque[tuple[Sequence[Any], bool]]
    failing: set[int] = field(default_factory=set)
    refusing: set[int] = field(default_factory=set)
    told: list[tuple[int, Operation]] = field(default_factory=list)

    async def submit(self, partition: int, operation: Operation) -> tuple[Reply, Any]:
        await asyncio.sleep(0)
        if operation[0] == "take":
            return REPLY, self.takes.popleft() if self.takes else ([], False)
        self.told.append((partition, operation))
        if partition in self.failing:
            raise StoreUnavailable("This one is away.")
        return REPLY, partition not in self.refusing

    async def drain(self) -> None:
        """Wake the outbox of partition 0 and let it do what it does."""
        outbox = Outbox(HERE, self.submit, lambda channel: int(channel[0]))
        outbox.wake()
        outbox.wake()
        await outbox.close()

    def confirmed(self) -> list[tuple[str, int]]:
        return [one for _, operation in self.told if operation[0] == "told" for one in operation[1]]


def take(*entries: tuple[str, int, str, list[str], bool], more: bool = False) -> tuple[Sequence[Any], bool]:
    return [list(entry) for entry in entries], more


async def test_each_channels_partition_gets_its_lines_and_then_all_is_confirmed() -> None:
    partitions = Partitions(deque([take(("ann", 7, "1a\n2a", ["1b"], True), ("bob", 8, "", ["2a"], True))]))
    await partitions.drain()
    assert partitions.told == [
        (1, ("enter", [("1a", "ann", 7, True), ("1b", "ann", 7, False)])),
        (2, ("enter", [("2a", "ann", 7, True), ("2a", "bob", 8, False)])),
        (HERE, ("told", [("ann", 7), ("bob", 8)])),
    ]


async def test_it_goes_on_while_there_is_more() -> None:
    partitions = Partitions(
        deque([take(("ann", 7, "1a", [], True), more=True), take(("bob", 8, "1a", [], True))])
    )
    await partitions.drain()
    assert partitions.confirmed() == [("ann", 7), ("bob", 8)]


async def test_what_is_told_again_needs_no_confirmation() -> None:
    partitions = Partitions(deque([take(("ann", 7, "1a", [], False))]))
    await partitions.drain()
    assert [operation[0] for _, operation in partitions.told] == ["enter"]


@pytest.mark.parametrize("how", ["failing", "refusing"])
async def test_who_could_not_be_told_of_everywhere_is_not_confirmed(how: str) -> None:
    partitions = Partitions(deque([take(("ann", 7, "1a\n2a", [], True), ("bob", 8, "1a", [], True))]))
    getattr(partitions, how).add(2)
    await partitions.drain()
    assert partitions.confirmed() == [("bob", 8)]


async def test_lines_go_in_bounded_chunks() -> None:
    channels = "\n".join(f"1-{number}" for number in range(1_201))
    partitions = Partitions(deque([take(("ann", 7, channels, [], True))]))
    await partitions.drain()
    assert [len(operation[1]) for _, operation in partitions.told] == [500, 500, 201, 1]


async def test_a_store_that_is_away_is_left_to_a_later_sweep() -> None:
    partitions = Partitions(deque([take(("ann", 7, "1a", [], True))]), failing={HERE})
    await partitions.drain()
    assert not partitions.takes


async def test_a_mistake_of_ours_is_logged_and_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    partitions = Partitions(deque([([["not", "a", "reading"]], False)]))
    outbox = Outbox(HERE, partitions.submit, lambda channel: int(channel[0]))
    outbox.wake()
    await outbox.close()
    assert "Telling channels of partition 0 failed" in caplog.text
    partitions.takes.append(take(("ann", 7, "1a", [], True)))
    outbox.wake()
    await outbox.close()
    assert partitions.confirmed() == [("ann", 7)]
