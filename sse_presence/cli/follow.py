"""A stream followed through reconnections, by the rules of EventSource but with sentences for people."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import httpx
from httpx_sse import ServerSentEvent, SSEError, connect_sse

from sse_presence.errors import PresenceError

_SILENCE = 60.0
"""Seconds without a byte after which a connection counts as lost: four pings."""

_LONGEST_PAUSE = 15.0


@dataclass(frozen=True)
class Lost:
    """The connection ended or was not made; it is tried again."""

    sentence: str


def follow(
    url: str, interest: Sequence[tuple[str, str]], *, me: str, token: str | None
) -> Iterator[ServerSentEvent | Lost]:
    """Yield the events of a stream without end; raises PresenceError when the service refuses it."""
    identity = {"Authorization": f"Bearer {token}"} if token else {}
    parameters = [*interest, *([] if token else [("as", me)])]
    last, pause = "", 1.0
    with httpx.Client(timeout=httpx.Timeout(10, read=_SILENCE)) as client:
        while True:
            headers = identity | ({"Last-Event-ID": last} if last else {})
            try:
                why = "The stream ended"
                with connect_sse(client, "GET", url, params=parameters, headers=headers) as source:
                    _demand_stream(source.response)
                    for event in source.iter_sse():
                        last = event.id or last
                        pause = _pause(event, pause)
                        why = "" if event.event == "bye" else why
                        yield event
            except httpx.InvalidURL as error:
                raise PresenceError(f"{url} is no URL: {error}.") from error
            except SSEError as error:
                raise PresenceError(f"{url} answers, but not with a stream: is it SSE Presence?") from error
            except httpx.UnsupportedProtocol as error:
                raise PresenceError(f"{url} must begin with http:// or https://.") from error
            except httpx.TransportError as error:
                why = f"No connection to {url} ({str(error) or type(error).__name__})"
            if why:
                yield Lost(f"{why}; trying again.")
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)


def _pause(event: ServerSentEvent, pause: float) -> float:
    """Seconds to wait before the next connection: what the service last asked for."""
    if event.event == "bye":
        return float(event.json()["retry_ms"]) / 1000
    return event.retry / 1000 if event.retry is not None else pause


def _demand_stream(response: httpx.Response) -> None:
    """Return for a stream; raise what can be tried again as TransportError, the rest as PresenceError."""
    if response.status_code == httpx.codes.OK:
        return
    response.read()
    if response.is_server_error:
        raise httpx.RemoteProtocolError(f"status {response.status_code}")
    try:
        said = response.json()["detail"]
    except (ValueError, KeyError, TypeError):
        said = response.reason_phrase
    raise PresenceError(f"The service refused ({response.status_code}): {said}")
