"""Proxies before the service: `before("nginx", SHOWN, *nodes)` runs one for the length of the test."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Serve
from tests.proxies.certificate import trusted
from tests.proxies.proxy import FIRST, KINDS, SECOND, SHOWN, STOCK, Proxy, proxied
from tests.proxies.visitor import PROTOCOLS, SECRET
from tests.running import Service

proxies = pytest.mark.parametrize("name", KINDS)
ways = pytest.mark.parametrize("where", [SHOWN, STOCK], ids=["shown", "stock"])
protocols = pytest.mark.parametrize("protocol", PROTOCOLS)

Before = Callable[..., Proxy]
"""`before(name, where, *nodes)`, with the folder that has the configuration, or with `text=` as it."""

Node = Callable[..., Service]
"""`node(**settings)`: the service in jwt mode, as it has to be behind a proxy."""


@pytest.fixture
def node(serve: Serve) -> Node:
    """Start services that share a store."""
    settings: dict[str, Any] = {"auth": "jwt", "jwt_secret": SECRET, "sweep": 0.2, "drain": 0.5}
    return lambda *arguments, **more: serve(*(arguments or ("--port", "0")), **settings | more)


@pytest.fixture(scope="session")
def certified(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    """A folder with a certificate, and what clients need to trust it."""
    folder = tmp_path_factory.mktemp("certificate")
    return folder, trusted(folder)


@pytest.fixture
def trust(certified: tuple[Path, ssl.SSLContext]) -> ssl.SSLContext:
    """What clients need to trust the proxies."""
    return certified[1]


@pytest.fixture
def before(tmp_path: Path, certified: tuple[Path, ssl.SSLContext]) -> Iterator[Before]:
    """Start proxies; all end with the test."""
    with ExitStack() as stack:

        def start(name: str, where: Path, *nodes: Service, text: str = "") -> Proxy:
            folder = tmp_path / f"{name}-{where.name}-{len(list(tmp_path.iterdir()))}"
            folder.mkdir()
            for file in certified[0].iterdir():
                (folder / file.name).write_bytes(file.read_bytes())
            text = text or (where / KINDS[name].file).read_text()
            first, *rest = (service.url.removeprefix("http://") for service in nodes)
            places = {FIRST: first} | ({SECOND: (rest or [first])[0]} if where == SHOWN else {})
            return stack.enter_context(proxied(name, text, folder, places))

        yield start
