"""A body written straight to the connection is the same body, and a stalled peer is cut."""

from __future__ import annotations

import asyncio
import socket
from urllib.parse import urlsplit

import httpx
import pytest

from tests.conftest import Events, Serve


@pytest.mark.parametrize("version", ["1.0", "1.1"])
async def test_each_write_is_a_whole_chunk_and_the_end_is_clean(serve: Serve, version: str) -> None:
    service = serve(drain=0, ping=1)
    parts = urlsplit(service.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(f"GET /v1/events?as=bob&user=a HTTP/{version}\r\nHost: localhost\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    assert b"transfer-encoding: chunked" in head
    first = await reader.readexactly(int(await reader.readuntil(b"\r\n"), 16) + 2)
    assert first.startswith(b"retry: ")
    service.process.terminate()
    last = b""
    while size := int(await reader.readuntil(b"\r\n"), 16):
        last = await reader.readexactly(size + 2)
        assert last.endswith(b"\n\n\r\n")
    assert b"event: bye" in last
    assert await reader.read() == b"\r\n"
    writer.close()


async def test_a_connection_is_used_again_after_a_stream(serve: Serve) -> None:
    service = serve(stream_lifetime=0.2)
    async with httpx.AsyncClient(trust_env=False, limits=httpx.Limits(max_connections=1)) as client:
        for _ in range(3):
            body = (await client.get(f"{service.url}/v1/events?as=bob&user=a")).text
            assert body.endswith("\n\n")
            assert '"reason":"lifetime"' in body
            assert (await client.get(f"{service.url}/healthz")).status_code == 200


async def test_c32_a_peer_that_takes_nothing_is_cut_and_delays_nobody(serve: Serve, events: Events) -> None:
    service = serve(send_timeout=1, presence_window=0.1)
    parts = urlsplit(service.url)
    users = [f"{number:0>120}" for number in range(80)]
    query = "&".join(f"user={user}" for user in users)
    with socket.socket() as stalled:
        stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        stalled.setblocking(False)  # noqa: FBT003 - its only parameter
        loop = asyncio.get_running_loop()
        await loop.sock_connect(stalled, (parts.hostname, parts.port))
        request = f"GET /v1/events?as=bob&{query} HTTP/1.1\r\nHost: localhost\r\n\r\n"
        await loop.sock_sendall(stalled, request.encode())
        async with events(service.url, users[0]) as reading, httpx.AsyncClient(trust_env=False) as client:
            await reading.next("snapshot")
            for number in range(400):
                body = {"device": "d", "activity": str(number)}
                await asyncio.gather(
                    *(
                        client.post(
                            f"{service.url}/v1/heartbeat", json=body, headers={"X-Presence-User": user}
                        )
                        for user in users
                    )
                )
                assert (await reading.record(users[0]))["activity"] == str(number)
                if "takes nothing" in service.log:
                    break
            else:
                pytest.fail("It was never cut.")
        with pytest.raises(ConnectionResetError):
            await _drain(stalled)


@pytest.mark.parametrize("version", ["1.0", "1.1"])
async def test_a_peer_that_takes_little_at_a_time_is_not_cut(serve: Serve, version: str) -> None:
    service = serve(send_timeout=2, ping=1)
    users = [f"user-{number:015}" for number in range(10_000)]
    async with httpx.AsyncClient(trust_env=False) as client:
        made = await client.post(f"{service.url}/v1/interests?as=bob", json={"users": users})
    parts = urlsplit(service.url)
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        slow.setblocking(False)  # noqa: FBT003 - its only parameter
        loop = asyncio.get_running_loop()
        await loop.sock_connect(slow, (parts.hostname, parts.port))
        target = f"/v1/events?as=bob&interest={made.json()['interest']}"
        await loop.sock_sendall(slow, f"GET {target} HTTP/{version}\r\nHost: localhost\r\n\r\n".encode())
        begun, taken = loop.time(), b""
        while b'"part":20,"parts":20' not in taken:
            piece = await loop.sock_recv(slow, 8_192)
            assert piece
            taken += piece
            await asyncio.sleep(0.06)
        assert loop.time() - begun > 2
    assert users[-1].encode() in taken
    assert "takes nothing" not in service.log


async def _drain(stalled: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    while await loop.sock_recv(stalled, 65_536):
        pass
