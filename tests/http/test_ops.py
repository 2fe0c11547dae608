"""Health, and what a store out of reach means: 503 that says when to come back, and no hang."""

from __future__ import annotations

import asyncio
import time

import redis

from sse_presence.store.embedded import embedded
from tests.conftest import StartLive
from tests.http.wire import Answer, send

SIGNALS = {
    b"/v1/heartbeat": b'{"device":"d"}',
    b"/v1/status": b'{"status":"dnd"}',
    b"/v1/typing": b'{"device":"d","channel":"c","typing":true}',
    b"/v1/leave": b'{"device":"d"}',
    b"/v1/presence": b'{"users":["bob","alice"]}',
}


async def not_ready(url: str, seconds: float = 20) -> Answer:
    """The first answer of `/readyz` that is not 200; the bus may take a moment to notice."""
    end = time.monotonic() + seconds
    while True:
        answer = await send(url, "GET", b"/readyz")
        if answer.status != 200 or time.monotonic() > end:
            return answer
        await asyncio.sleep(0.1)


async def test_a_working_service_is_healthy_and_ready(live: StartLive) -> None:
    service = await live()
    for path in (b"/healthz", b"/readyz"):
        answer = await send(service.url, "GET", path, x_presence_user="")
        assert (answer.status, answer.data) == (200, {"status": "ok"})


async def test_without_a_store_signals_are_503_and_the_process_is_healthy(live: StartLive) -> None:
    with embedded() as redis_url:
        service = await live(redis_url=redis_url)
        assert (await send(service.url, "POST", b"/v1/heartbeat", b'{"device":"d"}')).status == 200
        with redis.from_url(redis_url) as store:
            store.shutdown(nosave=True)
        for path, body in SIGNALS.items():
            answer = await send(service.url, "POST", path, body)
            assert (answer.status, answer.data["code"]) == (503, "store-unavailable"), path
            assert int(answer.headers["retry-after"]) >= 1
            assert "redis" not in answer.body.decode().lower()
        assert (await send(service.url, "GET", b"/healthz")).status == 200
        answer = await not_ready(service.url)
        assert answer.status == 503
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.data["detail"].endswith(".")
