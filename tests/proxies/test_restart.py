"""What visitors see when a node behind a proxy is restarted, and when there is none for a while."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import AsyncExitStack

import httpx
import pytest

from tests.proxies.conftest import Before, Node, protocols, proxies
from tests.proxies.proxy import SHOWN
from tests.proxies.visitor import visitor
from tests.stores.machines import until

pytestmark = pytest.mark.proxies


@proxies
@protocols
async def test_a_node_goes_and_the_other_takes_over(
    name: str, protocol: str, node: Node, before: Before, trust: ssl.SSLContext
) -> None:
    """A goodbye, a clean end, and nothing missed; no signal is lost to the node that went.

    But by Caddy, which keeps no body that it failed to deliver: signals are 502 until it has noticed.
    """
    going, staying = node(), node()
    proxy = before(name, SHOWN, going, staying)
    async with AsyncExitStack() as stack:
        alice = await stack.enter_async_context(visitor(proxy.url, protocol, trust, "alice"))
        assert (await alice.post("heartbeat", device="laptop")).status_code == httpx.codes.OK
        watchers = [await stack.enter_async_context(visitor(proxy.url, protocol, trust)) for _ in range(4)]
        streams = [await stack.enter_async_context(watcher.watch("alice")) for watcher in watchers]
        for stream in streams:
            await stream.next("snapshot")
        await asyncio.to_thread(going.stop)

        async def chosen() -> bool:
            answer = await alice.post("status", status="dnd")
            assert answer.status_code == httpx.codes.OK or name == "caddy", answer.text
            return answer.status_code == httpx.codes.OK

        await until(chosen, "a signal arrives")
        ended = 0
        for watcher, stream in zip(watchers, streams, strict=True):
            event = await stream.next("bye", "presence")
            if event.name == "bye":
                ended += 1
                assert event.data["reason"] == "shutdown"
                assert await stream.end() == []
                async with watcher.watch("alice", last=event.id) as resumed:
                    assert (await resumed.next()).data["resumed"] is True
                    assert (await resumed.record("alice"))["status"] == "dnd"
        assert 1 <= ended <= 3, "least connections put streams on both nodes"
        for status in ("idle", "online") * 3:
            answer = await alice.post("status", status=status)
            assert answer.status_code == httpx.codes.OK, answer.text


@proxies
async def test_no_node_is_left_and_one_comes_back(
    name: str, node: Node, before: Before, trust: ssl.SSLContext
) -> None:
    """The proxy says so meanwhile, finds the node again by itself, and logs no secret on the way."""
    only = node()
    proxy = before(name, SHOWN, only)
    async with visitor(proxy.url, "HTTP/2", trust, "alice") as alice:

        async def answers(*codes: int) -> bool:
            query = httpx.QueryParams({"user": "alice", "last_event_id": "old-cursor", "ticket": "a-ticket"})
            await alice.client.head(f"{proxy.url}/v1/events", params=query)
            return (await alice.post("heartbeat", device="laptop")).status_code in codes

        assert await answers(httpx.codes.OK)
        await asyncio.to_thread(only.stop)
        await until(lambda: answers(httpx.codes.BAD_GATEWAY, httpx.codes.SERVICE_UNAVAILABLE), "it says so")
        node("--port", only.url.rpartition(":")[2])
        await until(lambda: answers(httpx.codes.OK), "the node is found again")
    assert proxy.logs
    assert alice.client.headers["authorization"].split()[1] not in proxy.logs
    assert "a-ticket" not in proxy.logs
    assert "old-cursor" not in proxy.logs
