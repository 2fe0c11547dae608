"""Figures for operators: complete, in Prometheus' own format, and about nobody."""

from __future__ import annotations

import os
from collections.abc import Mapping

import httpx
from prometheus_client.parser import text_string_to_metric_families
from redis.asyncio import Redis

from tests.conftest import Events, StartLive
from tests.live.test_stream import post
from tests.stores.machines import until


class Figures:
    """What `/metrics` of a service says."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.samples = [sample for one in text_string_to_metric_families(text) for sample in one.samples]

    def __call__(self, name: str, **labels: str) -> float:
        """One number; 0 where there is none yet."""
        found = [
            sample.value
            for sample in self.samples
            if sample.name == f"sse_presence_{name}" and within(labels, sample.labels)
        ]
        return sum(found)


def within(part: Mapping[str, str], whole: Mapping[str, str]) -> bool:
    return part.items() <= whole.items()


async def figures(url: str) -> Figures:
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"{url}/metrics")
    assert answer.status_code == httpx.codes.OK
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return Figures(answer.text)


async def test_streams_signals_and_repairs_are_counted(
    live: StartLive, events: Events, redis_url: str
) -> None:
    url = (await live(max_streams_per_user=1)).url
    async with events(url, "alice") as stream, Redis.from_url(redis_url) as store:
        await stream.next("snapshot")
        await post(url, "alice", "heartbeat", device="d")
        assert (await stream.record("alice"))["status"] == "online"
        async with events(url, "alice") as refused:
            await refused.next("bye")
        async with httpx.AsyncClient(trust_env=False) as client:
            await client.post(f"{url}/v1/leave?as=alice", json={})
        await store.client_kill_filter(_type="pubsub")
        await stream.next("fresh")
        told = await figures(url)
        assert told("streams") == 1
        assert told("streams_ended_total", reason="limit") == 1
        assert told("signals_total", kind="heartbeat", code="200") == 1
        assert told("signals_total", kind="leave", code="422") == 1
        assert told("events_sent_total") >= 5
        assert told("bytes_sent_total") >= 300
        assert told("gaps_total") == told("repairs_total") == 1
        assert told("stores_replaced_total") == told("store_failures_total") == 0
        assert told("sweep_lag_seconds") < 20
        assert told("loop_lag_seconds_count") > 0

    async def ended() -> bool:
        return (await figures(url))("streams_ended_total", reason="peer") == 1

    await until(ended, "the stream's end is counted")
    told = await figures(url)
    assert told("streams") == 0
    assert "alice" not in told.text
    assert {sample.labels["pid"] for sample in told.samples} == {str(os.getpid())}


async def test_apps_of_one_process_count_apart(live: StartLive, events: Events) -> None:
    one, other = await live(), await live()
    async with events(one.url, "alice") as stream:
        await stream.next("snapshot")
        assert ((await figures(one.url))("streams"), (await figures(other.url))("streams")) == (1, 0)
