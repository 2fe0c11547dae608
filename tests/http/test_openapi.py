"""The description for machines says what the service does: no call more or less, answers of that shape."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from starlette.applications import Starlette
from starlette.routing import Mount, Route

from sse_presence.app import create_app, lifespan
from sse_presence.http.openapi import document
from sse_presence.http.routes import routes
from sse_presence.settings import Settings
from tests.conftest import Events, StartLive
from tests.http.test_bad_input import BODIES
from tests.running import live_service

DOCUMENT = document()

OPERATIONS = {(method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods}


def check(value: Any, schema: dict[str, Any]) -> None:
    """Hold a value against a schema of the document."""
    Draft202012Validator({**schema, "components": DOCUMENT["components"]}).validate(value)


def check_answer(method: str, path: str, answer: httpx.Response) -> None:
    """Hold an answer against what is said of its call."""
    response = DOCUMENT["paths"][path][method.lower()]["responses"][str(answer.status_code)]
    if "$ref" in response:
        response = DOCUMENT["components"]["responses"]["Problem"]
    ((media_type, content),) = response["content"].items()
    assert answer.headers["content-type"].partition(";")[0] == media_type
    check(answer.json() if media_type.endswith("json") else answer.text, content["schema"])


def test_it_is_openapi() -> None:
    validate(DOCUMENT)


def test_no_call_more_or_less() -> None:
    served = {
        (method, re.sub(":path}", "}", route.path))
        for route in routes()
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert served == OPERATIONS


async def test_it_says_where_it_is(live: StartLive, redis_url: str) -> None:
    service = await live()
    async with httpx.AsyncClient(base_url=service.url) as client:
        assert (await client.get("/openapi.json")).json() == DOCUMENT
    presence = create_app(Settings(redis_url=redis_url))
    host = Starlette(routes=[Mount("/deep/presence", presence)], lifespan=lambda _: lifespan(presence))
    async with live_service(host) as url, httpx.AsyncClient(base_url=url) as client:
        told = (await client.get("/deep/presence/openapi.json")).json()
        assert told["servers"] == [{"url": "/deep/presence"}]


@pytest.mark.parametrize("path", BODIES)
def test_bodies_that_are_taken_are_described(path: str) -> None:
    schema = DOCUMENT["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
    check(BODIES[path], schema)
    assert not Draft202012Validator({**schema, "components": DOCUMENT["components"]}).is_valid(
        BODIES[path] | {"unheard_of": 1}
    )


async def test_answers_are_as_described(alice: httpx.AsyncClient) -> None:
    """Of every call, in an order in which there is something to tell."""
    driven = {("GET", "/v1/events")}

    async def call(method: str, path: str, place: str = "", **arguments: Any) -> Any:
        answer = await alice.request(method, place or path, **arguments)
        assert answer.is_success, (path, answer.text)
        check_answer(method, path, answer)
        driven.add((method, path))
        return answer.json() if "json" in answer.headers["content-type"] else answer.text

    status = {"status": "dnd", "text": "t", "emoji": "e", "expires_in": 60_000}
    await call("POST", "/v1/heartbeat", json=BODIES["/v1/heartbeat"])
    await call("POST", "/v1/heartbeat", json=BODIES["/v1/heartbeat"] | {"seq": 0})
    await call("POST", "/v1/status", json=status)
    await call("POST", "/v1/typing", json=BODIES["/v1/typing"])
    query = {"users": ["alice", "bob"], "channels": ["c", "d"]}
    assert (await call("POST", "/v1/presence", json=query))["users"][0]["override"]
    await call("GET", "/v1/presence", params={"user": ["alice", "bob"], "as": "carol"})
    await call("GET", "/v1/channels/{channel}", "/v1/channels/c")
    interest = (await call("POST", "/v1/interests", json=BODIES["/v1/interests"]))["interest"]
    change = {"add": {"users": ["carol"]}, "remove": {"users": ["bob"]}}
    await call("PATCH", "/v1/interests/{interest}", f"/v1/interests/{interest}", json=change)
    await call("POST", "/v1/tickets")
    polled = await call("GET", "/v1/poll", params={"interest": interest})
    assert {event["event"] for event in polled["events"]} >= {"snapshot", "typing", "channel"}
    await call("POST", "/v1/leave", json={"device": "d", "seq": 2})
    await call("POST", "/v1/users/{user}/disconnect", "/v1/users/bob/disconnect")
    for path in ("/healthz", "/readyz", "/metrics", "/openapi.json"):
        await call("GET", path)
    assert driven == OPERATIONS


async def test_refusals_are_as_described(alice: httpx.AsyncClient) -> None:
    """Of every call that takes something: by their codes and in their shape."""
    for method, path in sorted(OPERATIONS):
        place = re.sub("{.*}", "x", path)
        answer = await alice.request(method, place, params={"user": "x" * 17_000})
        assert answer.status_code == 414
        check_answer(method, path, answer)
        attempts: list[dict[str, Any]] = [
            {"headers": {"X-Presence-User": ""}},
            {"params": {"unheard_of": "1"}},
        ]
        if method != "GET":
            json = {"Content-Type": "application/json"}
            attempts += [
                {"content": content, "headers": json}
                for content in (b"{", b"[]", b'{"unheard_of":1}', b" " * 300_000)
            ]
            attempts.append({"content": b"x=1", "headers": {"Content-Type": "text/html"}})
        if not path.startswith("/v1/"):
            continue
        for attempt in attempts:
            answer = await alice.request(method, place, **attempt)
            assert answer.is_client_error, (method, path, attempt)
            check_answer(method, path, answer)
    answer = await alice.patch("/v1/interests/unknown", json={})
    assert answer.status_code == 404
    check_answer("PATCH", "/v1/interests/{interest}", answer)


async def test_content_types_are_as_described(alice: httpx.AsyncClient) -> None:
    interest = (await alice.post("/v1/interests", json=BODIES["/v1/interests"])).json()["interest"]
    for method, path in sorted(OPERATIONS):
        body = DOCUMENT["paths"][path][method.lower()].get("requestBody")
        place = path.replace("{interest}", interest).replace("{user}", "x")
        for media_type in ("application/json", "text/plain", "text/html") if body else ():
            answer = await alice.request(method, place, content=b"[]", headers={"Content-Type": media_type})
            assert answer.status_code == (422 if media_type in body["content"] else 415), (method, path)


async def test_events_are_as_described(live: StartLive, events: Events) -> None:
    service = await live(ping=0.5, sweep=0.1)
    async with (
        httpx.AsyncClient(base_url=service.url, headers={"X-Presence-User": "alice"}) as client,
        events(service.url, "alice", channels=["c"]) as stream,
    ):
        await stream.next("channel")
        await client.post("/v1/heartbeat", json=BODIES["/v1/heartbeat"])
        await client.post("/v1/typing", json=BODIES["/v1/typing"])
        await stream.next("presence")
        await stream.next("ping")
        await client.post("/v1/users/watcher/disconnect")
        await stream.end()
    assert {event.name for event in stream.received} >= {"hello", "snapshot", "presence", "typing", "bye"}
    for event in stream.received:
        check({"event": event.name, "data": event.data}, {"$ref": "#/components/schemas/Event"})
