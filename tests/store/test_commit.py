"""Group commit: who shares a call, who gets which answer, and what a fault costs whom."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from sse_presence.errors import StoreUnavailable
from sse_presence.store.client import Refused
from sse_presence.store.commit import BATCH, COMPANY, WAITERS, Committer
from sse_presence.store.script import Operation, Reply


class Calls:
    """A store that echoes operations, one call at a time, and refuses the operation named `bad`."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.open = asyncio.Event()
        self.open.set()
        self.down = False

    async def run(self, operations: Sequence[Operation]) -> Reply:
        self.sizes.append(len(operations))
        await self.open.wait()
        if self.down:
            raise StoreUnavailable("The store cannot be reached.")
        if any(operation[0] == "bad" for operation in operations):
            raise Refused("WRONGTYPE")
        return Reply(1, "i", 1, 1, 0, tuple(operations))


async def test_signals_that_arrive_meanwhile_share_the_next_call() -> None:
    calls = Calls()
    committer = Committer(calls.run)
    calls.open.clear()
    first = asyncio.ensure_future(committer.submit(("first",)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    others = [asyncio.ensure_future(committer.submit((f"n{number}",))) for number in range(BATCH + 10)]
    await asyncio.sleep(0)
    calls.open.set()
    assert (await first)[1] == ("first",)
    answers = await asyncio.gather(*others)
    assert [result for _, result in answers] == [(f"n{number}",) for number in range(BATCH + 10)]
    assert calls.sizes == [1, BATCH, 10]


async def test_dense_signals_wait_a_moment_for_company_and_lone_ones_do_not() -> None:
    calls = Calls()
    committer = Committer(calls.run)

    async def often() -> None:
        for _ in range(20):
            await committer.submit(("often",))

    await asyncio.gather(*(often() for _ in range(COMPANY // 2)))
    dense, calls.sizes = calls.sizes, []
    assert len(dense) < sum(dense) / 8
    await asyncio.sleep(0.1)
    loop = asyncio.get_running_loop()
    begun = loop.time()
    for _ in range(10):
        await committer.submit(("lone",))
        await asyncio.sleep(0.002)
    assert calls.sizes == [1] * 10
    assert loop.time() - begun < 5


async def test_one_refused_operation_does_not_take_the_others_with_it() -> None:
    committer = Committer(Calls().run)
    answers = await asyncio.gather(
        *(committer.submit((name,)) for name in ("a", "bad", "b")), return_exceptions=True
    )
    assert isinstance(answers[1], Refused)
    assert [answer[1] for answer in (answers[0], answers[2]) if isinstance(answer, tuple)] == [("a",), ("b",)]


async def test_a_caller_that_goes_away_changes_no_answer() -> None:
    calls = Calls()
    committer = Committer(calls.run)
    calls.open.clear()
    gone = asyncio.ensure_future(committer.submit(("gone",)))
    stays = asyncio.ensure_future(committer.submit(("stays",)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    gone.cancel()
    calls.open.set()
    assert (await stays)[1] == ("stays",)
    assert (await committer.submit(("later",)))[1] == ("later",)
    assert calls.sizes[0] == 2


async def test_when_the_store_is_out_of_reach_all_who_wait_are_told_at_once() -> None:
    calls = Calls()
    committer = Committer(calls.run)
    calls.open.clear()
    calls.down = True
    waiting = [asyncio.ensure_future(committer.submit((f"n{number}",))) for number in range(3 * BATCH)]
    await asyncio.sleep(0)
    calls.open.set()
    answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(answer, StoreUnavailable) for answer in answers)
    assert len(calls.sizes) == 1
    calls.down = False
    assert (await committer.submit(("again",)))[1] == ("again",)


async def test_waiters_are_bounded() -> None:
    committer = Committer(Calls().run)
    answers = await asyncio.gather(
        *(committer.submit((f"n{number}",)) for number in range(WAITERS + 3)), return_exceptions=True
    )
    refused = [answer for answer in answers if isinstance(answer, StoreUnavailable)]
    assert len(refused) == 3
    assert "does not keep up" in str(refused[0])
    await committer.close()


async def test_a_mistake_of_ours_leaves_nobody_waiting(caplog: pytest.LogCaptureFixture) -> None:
    mistakes: list[Exception] = [RuntimeError("nobody expects this")]

    async def run(operations: Sequence[Operation]) -> Reply:
        if mistakes:
            raise mistakes.pop()
        return Reply(1, "i", 1, 1, 0, tuple(operations))

    committer = Committer(run)
    with pytest.raises(StoreUnavailable):
        await committer.submit(("first",))
    assert "nobody expects this" in caplog.text
    assert (await committer.submit(("second",)))[1] == ("second",)


async def test_a_slow_call_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sse_presence.store.commit.PATIENCE", 0.05)
    calls = Calls()
    committer = Committer(calls.run)
    calls.open.clear()
    in_flight = asyncio.ensure_future(committer.submit(("in flight",)))
    await asyncio.sleep(0.01)
    behind = asyncio.ensure_future(committer.submit(("behind it",)))
    for waiting in (in_flight, behind):
        with pytest.raises(StoreUnavailable, match="too long"):
            await waiting
    with pytest.raises(StoreUnavailable, match="too long"):
        await committer.submit(("later",))
    calls.open.set()
    assert (await committer.submit(("at last",)))[1] == ("at last",)
    assert calls.sizes == [1, 1]
    await committer.close()


async def test_whoever_waited_behind_a_slow_call_waits_so_much_less_for_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sse_presence.store.commit.PATIENCE", 2.0)
    calls: list[asyncio.Event] = []

    async def run(operations: Sequence[Operation]) -> Reply:
        calls.append(asyncio.Event())
        await calls[-1].wait()
        return Reply(1, "i", 1, 1, 0, tuple(operations))

    committer = Committer(run)
    first = asyncio.ensure_future(committer.submit(("first",)))
    await asyncio.sleep(0.01)
    behind = asyncio.ensure_future(committer.submit(("behind it",)))
    await asyncio.sleep(1)
    calls[0].set()
    assert (await first)[1] == ("first",)
    since = asyncio.get_running_loop().time()
    with pytest.raises(StoreUnavailable, match="too long"):
        await behind
    assert asyncio.get_running_loop().time() - since < 2, "the second before counts"
    calls[1].set()
    await committer.close()
