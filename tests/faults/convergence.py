"""Convergence: after quiet every watcher's view is what every node answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from tests.faults.calls import Calls
from tests.faults.history import History, Violation, now
from tests.faults.plan import CHANNELS, Plan
from tests.faults.trouble import LOSING
from tests.faults.watcher import Watcher

LOOKS, PAUSE = 20, 0.4
"""How often one looks again, and the seconds between: time still ages people, and machines stall."""


async def converge(
    calls: Calls, watchers: Sequence[Watcher], plan: Plan, history: History
) -> list[Violation]:
    """Say which differences stay, though time itself goes on."""

    async def differences() -> set[str]:
        found = {text for watcher in watchers async for text in _differences(calls, watcher)}
        # What one server of several forgets of a channel is told again, but not within a round.
        if history.exact or not any(fault.kind in LOSING for fault in history.faults):
            found |= {text async for text in _untrue(calls, plan)}
        return found

    stay = await differences()
    for _ in range(LOOKS):
        if not stay:
            break
        await asyncio.sleep(PAUSE)
        stay &= await differences()
    return [Violation("convergence after quiet", now(), "", text) for text in sorted(stay)]


async def _differences(calls: Calls, watcher: Watcher) -> AsyncIterator[str]:
    view, watching = watcher.view, watcher.watching
    if not view.complete or view.stale:
        return  # it is between two connections; one that stays so shows in the checks of streams
    for node in calls.nodes:
        answer = await calls.query(watching.users, node.number, watching.viewer)
        if answer is None:
            yield f"a node did not answer {watching.name}"
            continue
        for user, record in answer.records.items():
            known = view.records.get(user)
            if known != record:
                yield f"{watching.name} believes {known}, node {answer.node} answers {record}"
        for channel in watching.channels:
            within = sorted(view.members.get(channel, ()))
            told = await calls.members(channel, node.number)
            if within != told:
                yield f"{watching.name} believes {within} in {channel}, node {answer.node} answers {told}"
    listed = {name: left for name, entries in view.typing.items() if (left := _left(entries))}
    if listed:
        yield f"{watching.name} believes that these type: {listed}"


async def _untrue(calls: Calls, plan: Plan) -> AsyncIterator[str]:
    """In a channel is who is not offline and lists it."""
    within = {hand.user: hand.channels for hand in plan.hands}
    query = await calls.query(list(within), 0)
    if query is None:
        return
    for channel in CHANNELS:
        told = await calls.members(channel, 0) or ()
        for user, channels in within.items():
            status = query.records[user]["status"]
            if (user in told) != (status != "offline" and channel in channels):
                yield f"{user} is {status}, lists {channels}, and of {channel} is a member: {user in told}"


def _left(entries: dict[str, int]) -> list[str]:
    return [user for user, lapses in entries.items() if lapses > now()]
