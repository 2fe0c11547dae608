"""The proxy does to a connection what a network does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from tests.faults.proxy import Proxy

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(100):
        writer.write(data)
    writer.close()


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    """In front of a server that sends back what it gets."""
    async with await asyncio.start_server(_echo, "127.0.0.1", 0) as server:
        proxy = Proxy(server.sockets[0].getsockname()[1])
        await proxy.start()
        yield proxy
        await proxy.close()


@asynccontextmanager
async def _connected(proxy: Proxy) -> AsyncIterator[Connection]:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def _ask(connection: Connection, seconds: float = 20) -> bytes:
    reader, writer = connection
    writer.write(b"x")
    async with asyncio.timeout(seconds):
        return await reader.read(1)


async def test_it_passes_on(proxy: Proxy) -> None:
    async with _connected(proxy) as connection:
        assert await _ask(connection) == b"x"


async def test_in_the_black_hole_nothing_moves_and_then_all_of_it(proxy: Proxy) -> None:
    async with _connected(proxy) as connection:
        assert await _ask(connection) == b"x"
        proxy.swallow()
        with pytest.raises(TimeoutError):
            await _ask(connection, 0.1)
        proxy.mend()
        assert await connection[0].read(1) == b"x"


async def test_in_half_a_hole_every_other_connection_works(proxy: Proxy) -> None:
    proxy.swallow_half()
    async with _connected(proxy) as first, _connected(proxy) as second:
        assert await _ask(first) == b"x"
        with pytest.raises(TimeoutError):
            await _ask(second, 0.1)


async def test_slow_is_late(proxy: Proxy) -> None:
    async with _connected(proxy) as connection:
        proxy.slow(0.1)
        begun = asyncio.get_running_loop().time()
        assert await _ask(connection) == b"x"
        assert asyncio.get_running_loop().time() - begun >= 0.06


async def test_a_cut_resets_and_refuses(proxy: Proxy) -> None:
    async with _connected(proxy) as connection:
        assert await _ask(connection) == b"x"
        proxy.cut()
        with pytest.raises(ConnectionResetError):
            await connection[0].read(1)
    async with _connected(proxy) as refused:
        with pytest.raises(ConnectionResetError):
            await _ask(refused)
    proxy.mend()
    async with _connected(proxy) as again:
        assert await _ask(again) == b"x"
