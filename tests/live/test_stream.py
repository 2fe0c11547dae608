"""The stream as a client sees it, on a real server and a real store."""

from __future__ import annotations

import asyncio
import subprocess
import time
from typing import Any
from uuid import uuid4

import httpx
import pytest

from sse_presence.domain.rights import Rights
from sse_presence.http.mint import mint
from sse_presence.settings import Settings
from tests.conftest import Events, Serve, StartLive
from tests.stores.machines import until
from tests.stream import CEILING

SECRET = "a secret of at least sixty-four bytes, as long as HS512 would like it"


async def post(url: str, user: str, path: str, **body: Any) -> dict[str, Any]:
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.post(f"{url}/v1/{path}", json=body, headers={"X-Presence-User": user})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


# Headers and the first events


async def test_headers_are_those_of_the_contract(live: StartLive, events: Events) -> None:
    service = await live()
    async with (
        events(service.url, "alice", headers={"Accept-Encoding": "gzip"}) as stream,
        httpx.AsyncClient(trust_env=False) as client,
    ):
        head = await client.head(f"{service.url}/v1/events?as=bob&user=alice")
        assert head.status_code == 200
        assert head.content == b""
        for headers in (stream.response.headers, head.headers):
            assert headers["content-type"] == "text/event-stream; charset=utf-8"
            assert headers["cache-control"] == "no-store, no-transform"
            assert headers["x-accel-buffering"] == "no"
            assert not {"content-encoding", "connection", "keep-alive"} & set(headers)


async def test_c26_hello_comes_first_and_everything_right_after(live: StartLive, events: Events) -> None:
    service = await live(ping=1)
    begun = time.monotonic()
    async with events(service.url, "alice", channels=["room"]) as stream:
        for name in ("hello", "snapshot", "typing"):
            assert (await stream.next()).name == name
        assert time.monotonic() - begun < CEILING
        first, second = await stream.next("ping"), await stream.next("ping")
        assert second.at - first.at < 1 + CEILING / 10
        assert second.data["time"] - first.data["time"] >= 900


@pytest.mark.parametrize(("pad", "size"), [("1", 2048), ("0", 0)])
async def test_padding_comes_before_hello(live: StartLive, pad: str, size: int) -> None:
    service = await live()
    async with (
        httpx.AsyncClient(trust_env=False) as client,
        client.stream("GET", f"{service.url}/v1/events?as=bob&pad={pad}") as response,
    ):
        received = b""
        async for chunk in response.aiter_raw():
            received += chunk
            if b"snapshot" in received:
                break
        assert received.index(b"retry:") >= size


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("usr=alice", "usr"),
        ("members=", "members"),
        ("members=a&members=b&members=c", "members"),
        ("interest=17&user=alice", "user"),
        ("interest=17&interest=18", "interest"),
        ("pad=yes", "pad"),
        ("pad=1&pad=1", "pad"),
        ("device=", "device"),
        ("device=a&device=b", "device"),
        ("user=", "user"),
        ("user=" + "x" * 129, "user"),
        ("user=a%0Ab", "user"),
        ("channel=a%00b", "channel"),
        ("last_event_id=1&last_event_id=2", "last_event_id"),
        ("user=a&user=b&user=c&user=d", "user"),
        ("channel=a&channel=b&channel=c", "channel"),
    ],
)
async def test_what_cannot_be_meant_is_refused_by_name(live: StartLive, query: str, named: str) -> None:
    service = await live(max_interest_users=3, max_interest_channels=2)
    async with httpx.AsyncClient(trust_env=False) as client:
        for method in ("GET", "HEAD"):
            answer = await client.request(method, f"{service.url}/v1/events?as=bob&{query}")
            assert answer.status_code == 422
        answer = await client.get(f"{service.url}/v1/events?as=bob&{query}")
    assert answer.json()["errors"][0]["field"].startswith(named)


# Resuming


async def test_resume_brings_the_missed_record_alone(live: StartLive, events: Events) -> None:
    service = await live(sweep=0.2)
    await post(service.url, "bob", "heartbeat", device="d")
    async with events(service.url, "alice", "bob") as stream:
        await stream.record("bob")
        await asyncio.sleep(0.5)  # a mark passes over it
        await post(service.url, "alice", "heartbeat", device="d")
        await stream.record("alice")
        last = stream.last_id
    await post(service.url, "alice", "status", status="dnd")
    async with events(service.url, "alice", "bob", last=last) as stream:
        assert (await stream.next()).data["resumed"] is True
        missed = await stream.next()
        assert missed.name == "presence"
        assert missed.id
        assert [(record["user"], record["status"]) for record in missed.data["users"]] == [("alice", "dnd")]
        await stream.quiet(0.5)


@pytest.mark.parametrize(
    "last",
    ["", "0", str(uuid4()), "AQAAAaIRLj8tiHIrBFUdUzxb7Jbd7_wXfya4b2QCOo8ahnyrhRPTS4", "a" * 8192, "\xe9\xff"],
    ids=["empty", "zero", "uuid", "trimmed", "8 KiB", "latin-1"],
)
async def test_c20_any_last_event_id_is_answered(live: StartLive, events: Events, last: str) -> None:
    service = await live()
    header: Any = {b"Last-Event-ID": last.encode("latin-1")}
    async with events(service.url, "alice", headers=header) as stream:
        assert (await stream.next()).data["resumed"] is False
        assert (await stream.next()).name == "snapshot"
        await post(service.url, "alice", "heartbeat", device="d")
        assert (await stream.record("alice"))["status"] == "online"


async def test_c23_the_header_beats_the_parameter(live: StartLive) -> None:
    service = await live()

    async def open_with(header: str | None, parameter: str) -> tuple[bool, str]:
        """Whether it resumed, and the cursor it gave."""
        headers = {} if header is None else {"Last-Event-ID": header}
        query = {"as": "bob", "user": "alice", "last_event_id": parameter}
        async with (
            httpx.AsyncClient(trust_env=False) as client,
            client.stream("GET", f"{service.url}/v1/events", params=query, headers=headers) as response,
        ):
            received = ""
            async for chunk in response.aiter_text():
                received += chunk
                if "id: " in received:
                    break
        return '"resumed":true' in received, received.split("id: ")[1].split("\n")[0]

    resumed, good = await open_with(None, "nonsense")
    assert not resumed
    for header, parameter, resumes in (
        (None, good, True),
        (good, "nonsense", True),
        ("nonsense", good, False),
        ("", good, True),  # an empty header says nothing
    ):
        assert (await open_with(header, parameter))[0] is resumes


async def test_c21_an_old_cursor_after_a_restart_resumes_exactly(serve: Serve, events: Events) -> None:
    first = serve(sweep=0.2)
    await post(first.url, "bob", "heartbeat", device="d")
    async with events(first.url, "alice", "bob") as stream:
        await asyncio.sleep(2)  # marks that carry the cursor past bob's heartbeat
        await post(first.url, "alice", "heartbeat", device="d")
        while (await stream.record("alice"))["status"] != "online":
            pass  # that of the snapshot
        last = stream.last_id
    first.stop()
    second = serve(sweep=0.2)
    await post(second.url, "alice", "status", status="dnd")
    async with events(second.url, "alice", "bob", last=last) as stream:
        assert (await stream.next()).data["resumed"] is True
        missed = (await stream.next("presence")).data["users"]
        assert [(record["user"], record["status"]) for record in missed] == [("alice", "dnd")]


# Rights that end, limits


async def test_c39_a_stream_ends_when_its_token_does(live: StartLive, events: Events) -> None:
    service = await live(auth="jwt", jwt_secret=SECRET, ping=1)
    settings = Settings(auth="jwt", jwt_secret=SECRET)
    bearer = {"Authorization": f"Bearer {mint(settings, 'alice', Rights(), lifetime=2)}"}
    async with events(service.url, "alice", me="", headers=bearer) as stream:
        bye = (await stream.end())[-1]
    assert (bye.name, bye.data["reason"]) == ("bye", "expired")


async def test_limits_are_told_in_band(live: StartLive, events: Events) -> None:
    service = await live(max_streams_per_user=2, max_watched_per_user=4)
    async with events(service.url, "a", "b") as first, events(service.url, "a", "b") as second:
        await first.next("snapshot")
        await second.next("snapshot")
        for users in (("a",), ()):
            async with events(service.url, *users) as refused:
                (bye,) = await refused.end()
                assert (bye.name, bye.data["reason"]) == ("bye", "limit")
                assert bye.retry == bye.data["retry_ms"] >= 30_000
        async with events(service.url, "a", me="another") as other:
            await other.next("snapshot")
    async with events(service.url, "a", "b", "c", "d", "e") as too_much:
        assert (await too_much.next()).data["reason"] == "limit"
    async with events(service.url, "a") as again:
        assert (await again.next()).name == "hello"


async def test_a_full_process_says_overload_and_lets_in_again(live: StartLive, events: Events) -> None:
    url = (await live(max_streams=2)).url
    async with events(url, "a", me="bob") as first:
        async with events(url, "a", me="carol") as second:
            await first.next("snapshot")
            await second.next("snapshot")
            for viewer in ("alice", "bob"):
                async with events(url, "a", me=viewer) as refused:
                    (bye,) = await refused.end()
                    assert (bye.name, bye.data["reason"]) == ("bye", "overload")
                    assert 5_000 <= bye.data["retry_ms"] <= 15_000
                    assert bye.retry == bye.data["retry_ms"]

        async def let_in() -> bool:
            async with events(url, "a", me="alice") as again:
                return (await again.next()).name == "hello"

        await until(let_in, "there is room again")


# Many watchers, strange ids


async def test_many_users_come_in_parts(live: StartLive) -> None:
    service = await live(max_target=200_000)
    query = "&".join(f"user={number}" for number in range(1_200))
    async with (
        httpx.AsyncClient(trust_env=False) as client,
        client.stream("GET", f"{service.url}/v1/events?as=bob&{query}") as response,
    ):
        received = ""
        async for chunk in response.aiter_text():
            received += chunk
            if '"part":3' in received and received.endswith("\n\n"):
                break
    parts = [block for block in received.split("\n\n") if "snapshot" in block]
    assert [block.startswith("id: ") for block in parts] == [False, False, True]
    assert [block.count('"user":') for block in parts] == [500, 500, 200]


@pytest.mark.parametrize("user", ["*", "a,b", "a:b", "{x}", "%00", "🙂", "a/b", "presence:{0}:m", " "])
async def test_ids_are_data(live: StartLive, events: Events, user: str) -> None:
    service = await live()
    async with httpx.AsyncClient(trust_env=False) as client, events(service.url, user, "other") as stream:
        await stream.next("snapshot")
        headers: Any = {b"X-Presence-User": user.encode()} if user.strip() else {}
        params = {} if headers else {"as": user}
        answer = await client.post(
            f"{service.url}/v1/heartbeat", json={"device": "d"}, headers=headers, params=params
        )
        assert answer.status_code == 200, answer.text
        assert (await stream.next("presence")).data["users"][0]["user"] == user


def test_curl_reads_a_stream(serve: Serve) -> None:
    service = serve()
    output = subprocess.run(
        ["curl", "-sN", "--max-time", "2", f"{service.url}/v1/events?as=bob&user=alice"],
        capture_output=True,
        check=False,
        timeout=CEILING,
    ).stdout.decode()
    assert output.startswith("retry: ")
    assert "\nevent: hello\ndata: {" in output
    assert "\nevent: snapshot\ndata: {" in output


# Attached devices


async def test_an_open_stream_keeps_its_device_alive_and_closing_it_does_not_at_once(
    live: StartLive, events: Events
) -> None:
    service = await live(heartbeat=1, liveness_factor=2, grace=0.5, renewal_ceiling=20, sweep=0.2)
    async with events(service.url, "alice") as watcher:
        await watcher.next("snapshot")
        async with events(service.url, me="alice", device="d") as attached:
            await attached.next("snapshot")
            await post(service.url, "alice", "heartbeat", device="d")
            assert (await watcher.record("alice"))["status"] == "online"
            await watcher.quiet(4)
        assert (await watcher.record("alice"))["status"] == "offline"


async def test_a_stream_alone_makes_nobody_present(live: StartLive, events: Events) -> None:
    service = await live(heartbeat=1, grace=0.5, sweep=0.2)
    async with events(service.url, "alice", me="alice", device="d") as stream:
        assert (await stream.record("alice"))["status"] == "offline"
        await stream.quiet(2)
