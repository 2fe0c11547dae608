"""Who is measured: the service, and the references that it is measured by.

Each is a context manager of a `Subject`, on a free port of the loopback interface. A reference that this
machine cannot run raises `Missing` with what has to be installed.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from redis.asyncio import Redis

from benchmarks.child import Child, child
from benchmarks.usage import cpu
from sse_presence.store.embedded import binary, embedded

REFERENCES = Path(__file__).with_name("references")
MODULE = Path("/usr/lib/nginx/modules/ngx_nchan_module.so")

STAY = {"heartbeat": "200", "renewal_ceiling": "600", "idle_after": "3600", "retention": "86400"}
"""Settings under which nobody leaves while a benchmark lasts."""

UNLIMITED = {f"{name}_rate": "off" for name in ("heartbeat", "status", "typing")}
"""A benchmark's users do in seconds what others do in a day."""


class Missing(Exception):  # noqa: N818 - named by the condition
    """A reference cannot run here."""


@dataclass(frozen=True)
class Subject:
    """One that runs."""

    dialect: str
    port: int
    server: Child
    store_url: str = ""
    store_pid: int = 0

    def cpu(self) -> float:
        """Seconds of CPU that the server's processes used so far."""
        return self.server.cpu()

    def store_cpu(self) -> float:
        """Likewise the store's."""
        return cpu([self.store_pid]) if self.store_pid else 0.0


Start = Callable[[], AbstractAsyncContextManager[Subject]]


def free_port() -> int:
    """A port that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def presence(workers: int = 1, **settings: str) -> AsyncIterator[Subject]:
    """The service on a Valkey of its own, as `sse-presence serve` runs it."""
    command = (sys.executable, "-m", "sse_presence", "serve", "--port", "0", "--log-level", "error")
    with embedded() as url:
        async with (
            Redis.from_url(url) as store,
            child(*command, "--workers", str(workers), REDIS_URL=url, **_environment(settings)) as server,
        ):
            pid = int((await store.info("server"))["process_id"])
            while not (found := re.search(r"http://[^:]+:(\d+)/", await server.line())):
                pass
            yield Subject("presence", int(found[1]), server, url, pid)


@asynccontextmanager
async def inside(**settings: str) -> AsyncIterator[Subject]:
    """The service in a process that answers each line with `{"tasks": …, "stall_ms": …}`."""
    with embedded() as url:
        async with Redis.from_url(url) as store:
            pid = int((await store.info("server"))["process_id"])
        command = (sys.executable, str(Path(__file__).with_name("serving.py")), url)
        async with child(*command, **_environment(settings)) as server:
            yield Subject("presence", int(await server.line()), server, url, pid)


def _environment(settings: dict[str, str]) -> dict[str, str]:
    return {f"SSE_PRESENCE_{name.upper()}": value for name, value in (STAY | UNLIMITED | settings).items()}


@asynccontextmanager
async def _topics(*command: str, **environ: str) -> AsyncIterator[Subject]:
    """A reference that takes its port as its last argument."""
    port = free_port()
    async with child(*command, str(port), **environ) as server:
        await _listening(port)
        yield Subject("topics", port, server)


async def _listening(port: int) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


def stock() -> AbstractAsyncContextManager[Subject]:
    """sse-starlette's own response over a queue for each stream."""
    return _topics(sys.executable, str(REFERENCES / "stock.py"))


@asynccontextmanager
async def no_store() -> AsyncIterator[Subject]:
    """Starlette answering 204, and keeping nothing."""
    async with _topics(sys.executable, str(REFERENCES / "no_store.py")) as subject:
        yield replace(subject, dialect="presence")


@asynccontextmanager
async def better_sse() -> AsyncIterator[Subject]:
    """better-sse on Node."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise Missing("install nodejs and npm")
    if not (REFERENCES / "node_modules" / "better-sse").exists():
        options = ("--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error")
        done = await asyncio.create_subprocess_exec(npm, "install", *options, cwd=REFERENCES)
        if await done.wait():
            raise Missing("npm cannot install better-sse")
    async with _topics(node, str(REFERENCES / "better_sse.mjs")) as subject:
        yield subject


@asynccontextmanager
async def floor() -> AsyncIterator[Subject]:
    """A loop of `send` in C."""
    compiler = shutil.which("cc")
    if compiler is None:
        raise Missing("install a C compiler as cc")
    with tempfile.TemporaryDirectory() as folder:
        program = str(Path(folder, "send_loop"))
        done = await asyncio.create_subprocess_exec(
            compiler, "-O2", "-o", program, str(REFERENCES / "send_loop.c")
        )
        if await done.wait():
            raise Missing("cc cannot compile send_loop.c")
        async with _topics(program) as subject:
            yield subject


@asynccontextmanager
async def nchan() -> AsyncIterator[Subject]:
    """Nchan in nginx with one worker, keeping messages in its memory."""
    async with _nchan("") as subject:
        yield subject


@asynccontextmanager
async def nchan_redis() -> AsyncIterator[Subject]:
    """Likewise, with its messages going through a Valkey."""
    port = str(free_port())
    options = ("--bind", "127.0.0.1", "--save", "", "--loglevel", "warning")
    async with child(str(binary()), "--port", port, *options) as store:
        await _listening(int(port))
        async with _nchan(f"nchan_redis_url redis://127.0.0.1:{port};") as subject:
            yield replace(subject, store_pid=store.pids[0])


@asynccontextmanager
async def _nchan(redis: str) -> AsyncIterator[Subject]:
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    if nginx is None or not MODULE.exists():  # noqa: ASYNC240 - nothing else is going on yet
        raise Missing("apt install nginx-light libnginx-mod-nchan")
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        text = (REFERENCES / "nchan.conf").read_text("utf-8")
        for name, value in (
            ("port", str(port)),
            ("folder", folder),
            ("redis", redis),
            ("module", str(MODULE)),
        ):
            text = text.replace(f"@{name}@", value)
        file = Path(folder, "nginx.conf")
        file.write_text(text, "utf-8")  # noqa: ASYNC240 - likewise
        async with child(nginx, "-p", folder, "-e", "stderr", "-c", str(file)) as server:
            await _listening(port)
            yield Subject("topics", port, server)
