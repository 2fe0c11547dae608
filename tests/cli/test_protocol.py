"""Connections that say nothing are given back, as those that have said all they had to."""

from __future__ import annotations

import asyncio

import uvicorn
from starlette.applications import Starlette
from uvicorn.server import ServerState

from sse_presence.cli.protocol import StreamProtocol


async def test_a_connection_that_asks_for_nothing_is_closed() -> None:
    config = uvicorn.Config(Starlette(), log_config=None, timeout_keep_alive=1)
    config.load()

    def protocol() -> StreamProtocol:
        return StreamProtocol(config, ServerState(), {})

    async with await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0) as server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        async with asyncio.timeout(20):
            assert await reader.read() == b""
        writer.close()
