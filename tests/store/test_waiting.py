"""A server that takes connections and says nothing keeps nobody waiting for each step of connecting."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from sse_presence.errors import StoreUnavailable
from sse_presence.store.client import Client


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    """One whose server is mute."""
    writers: list[asyncio.StreamWriter] = []

    async def keep(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)

    async with await asyncio.start_server(keep, "127.0.0.1", 0) as server:
        client = Client(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        yield client
        await client.close()
        for writer in writers:
            writer.close()


CALLS: dict[str, Callable[[Client], Awaitable[object]]] = {
    "put": lambda client: client.put("key", b"value", 1_000),
    "get": lambda client: client.get("key"),
    "note": lambda client: client.note("key", 1, b"value", 0),
    "now": lambda client: client.now("key"),
}


@pytest.mark.parametrize("call", CALLS)
async def test_whoever_asks_is_told_in_time(
    client: Client, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sse_presence.store.client.COMMAND_TIMEOUT", 0.1)
    loop = asyncio.get_running_loop()
    began = loop.time()
    with pytest.raises(StoreUnavailable, match="too long"):
        await CALLS[call](client)
    assert loop.time() - began < 2, "less than one step of connecting may take"
    assert client.failures == 1
