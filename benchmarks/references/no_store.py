"""What signals would cost if nothing were done with them: Starlette reads the body and answers 204."""

from __future__ import annotations

import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


async def nothing(request: Request) -> Response:
    """Take a signal."""
    await request.body()
    return Response(status_code=204)


if __name__ == "__main__":
    signals = ("heartbeat", "status", "typing", "leave")
    app = Starlette(routes=[Route(f"/v1/{signal}", nothing, methods=["POST"]) for signal in signals])
    uvicorn.run(app, port=int(sys.argv[1]), log_level="error", access_log=False)
