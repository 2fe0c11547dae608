"""sse-starlette as its documentation shows it: `EventSourceResponse` over a queue for each stream."""

from __future__ import annotations

import asyncio
import sys
from collections import defaultdict
from collections.abc import AsyncIterator

import uvicorn
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

queues: defaultdict[str, set[asyncio.Queue[str]]] = defaultdict(set)


async def events(request: Request) -> EventSourceResponse:
    """A stream of some topics."""
    return EventSourceResponse(_told(request.query_params["id"].split(",")))


async def _told(topics: list[str]) -> AsyncIterator[ServerSentEvent]:
    queue: asyncio.Queue[str] = asyncio.Queue()
    for topic in topics:
        queues[topic].add(queue)
    try:
        while True:
            yield ServerSentEvent(await queue.get(), event="presence")
    finally:
        for topic in topics:
            queues[topic].discard(queue)


async def publish(request: Request) -> Response:
    """Hand an event to all streams of a topic."""
    body = (await request.body()).decode()
    for queue in queues[request.query_params["id"]]:
        queue.put_nowait(body)
    return Response(status_code=204)


if __name__ == "__main__":
    routes = [Route("/events", events), Route("/publish", publish, methods=["POST"])]
    uvicorn.run(Starlette(routes=routes), port=int(sys.argv[1]), log_level="error", access_log=False)
