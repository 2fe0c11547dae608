"""What rounds are played on: a kind of store, and the nodes on it, as long as a block lasts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from random import Random

from sse_presence.store.embedded import binary
from tests.faults.field import Breakable, Field
from tests.faults.network import Network
from tests.faults.node import Node
from tests.faults.proxy import Proxy
from tests.faults.replicated import Replicated, ReplicatedCluster
from tests.faults.single import SingleStore
from tests.faults.store_process import StoreProcess
from tests.stores.machines import cluster, free_port, sentinels

PATIENCE = 3_000
"""Milliseconds without an answer after which a replica takes over; less makes one take over unasked."""


@asynccontextmanager
async def single(folder: Path, nodes: int, *_: object) -> AsyncIterator[Field]:
    """One server, which each node reaches through a proxy of its own."""
    store = StoreProcess(folder, free_port())
    proxies = [Proxy(store.port) for _ in range(nodes)]
    try:
        await store.start()
        for proxy in proxies:
            await proxy.start()
        urls = [f"redis://127.0.0.1:{proxy.port}/0" for proxy in proxies]
        async with _nodes(folder, urls, SingleStore(store), Network(proxies), exact=True) as field:
            yield field
    finally:
        if store.process.alive:
            await store.process.kill()
        for proxy in proxies:
            await proxy.close()


@asynccontextmanager
async def sentinel(folder: Path, nodes: int, random: Random, ahead: int) -> AsyncIterator[Field]:
    """A master and a replica, named by three Sentinels; the replica's clock is ahead by so many seconds."""
    server = binary()
    async with sentinels(folder / "store", server, server, ahead=ahead, patience=PATIENCE) as store:
        part = Replicated([store.master, store.replica], random)
        async with _nodes(folder, [store.url] * nodes, part, exact=False) as field:
            yield field


@asynccontextmanager
async def clustered(folder: Path, nodes: int, random: Random, ahead: int) -> AsyncIterator[Field]:
    """Three masters with a replica each, whose clock is ahead by so many seconds."""
    async with cluster(folder / "store", ahead=ahead, patience=PATIENCE) as store:
        part = ReplicatedCluster(store, random)
        apart = abs(ahead) * 1000
        async with _nodes(folder, [store.url] * nodes, part, exact=False, apart=apart) as field:
            yield field


Ground = Callable[[Path, int, Random, int], AbstractAsyncContextManager[Field]]

GROUNDS: dict[str, Ground] = {"single": single, "sentinel": sentinel, "cluster": clustered}


@asynccontextmanager
async def _nodes(
    folder: Path, urls: Sequence[str], *parts: Breakable, exact: bool, apart: int = 0
) -> AsyncIterator[Field]:
    nodes = [Node(number, folder, url) for number, url in enumerate(urls)]
    try:
        await asyncio.gather(*(node.start() for node in nodes))
        yield Field(nodes, parts, exact=exact, apart=apart)
    finally:
        for node in nodes:
            if node.process.alive:
                await node.process.kill()
