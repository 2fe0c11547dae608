"""Stopping: every stream is said goodbye to, its body ends cleanly, and nobody flips."""

from __future__ import annotations

import asyncio
import signal
import time
from contextlib import AsyncExitStack
from typing import Any

import pytest

from tests.conftest import Events, Serve
from tests.live.test_stream import post

STREAMS = 40


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
async def test_c33_every_stream_gets_bye_and_a_clean_end(
    serve: Serve, events: Events, ending: signal.Signals
) -> None:
    service = serve(drain=2)
    async with AsyncExitStack() as stack:
        streams = [
            await stack.enter_async_context(events(service.url, "alice", me=f"user{number}"))
            for number in range(STREAMS)
        ]
        for stream in streams:
            await stream.next("snapshot")
        service.process.send_signal(ending)
        byes = [(await stream.end())[-1] for stream in streams]
    assert {(bye.name, bye.data["reason"]) for bye in byes} == {("bye", "shutdown")}
    retries = {bye.data["retry_ms"] for bye in byes}
    assert all(bye.retry == bye.data["retry_ms"] for bye in byes)
    assert len(retries) > STREAMS / 4, "spread, so that they do not come back together"
    assert max(bye.at for bye in byes) - min(bye.at for bye in byes) > 0.3
    code = await asyncio.to_thread(service.process.wait, 20)
    assert code in {0, -ending}
    assert "Traceback" not in service.log
    assert "ERROR" not in service.log


async def test_one_stream_does_not_hold_up_the_end(serve: Serve, events: Events) -> None:
    service = serve(drain=30)
    async with events(service.url, "alice") as stream:
        await stream.next("snapshot")
        begun = time.monotonic()
        service.process.send_signal(signal.SIGTERM)
        await stream.end()
        await asyncio.to_thread(service.process.wait, 20)
        assert time.monotonic() - begun < 15


async def test_an_attached_device_outlives_the_process(serve: Serve, events: Events) -> None:
    short: dict[str, Any] = {"heartbeat": 2, "grace": 0.2, "sweep": 0.2}
    first, second = serve(**short), serve(**short)
    async with events(second.url, "alice") as watcher, events(first.url, me="alice", device="d") as attached:
        await attached.next("snapshot")
        await post(first.url, "alice", "heartbeat", device="d")
        assert await watcher.record("alice")
        assert (await watcher.record("alice"))["status"] == "online"
        first.process.send_signal(signal.SIGTERM)
        await attached.end()
        await watcher.quiet(3)
