"""Bodies are taken whole or refused with a reason that names the field."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.types import Message

from sse_presence.errors import Invalid, Malformed, RequestError, TooLarge, UnsupportedType
from sse_presence.http.body import decode, read_body
from sse_presence.http.schemas import HeartbeatBody, QueryBody, SignalBody, StatusBody
from sse_presence.settings import Settings

HEARTBEAT = msgspec.json.Decoder(HeartbeatBody)
STATUS = msgspec.json.Decoder(StatusBody)
QUERY = msgspec.json.Decoder(QueryBody)
SETTINGS = Settings()

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def request(*chunks: bytes, media_type: str | None = "application/json") -> Request:
    """A request whose body comes in these chunks."""
    messages: list[Message] = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    messages.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive() -> Message:
        return messages.pop(0)

    headers = [(b"content-type", media_type.encode())] if media_type else []
    return Request({"type": "http", "headers": headers, "method": "POST"}, receive)


def refusal(body: bytes, decoder: msgspec.json.Decoder[Any]) -> int | None:
    """The status with which a body is refused, or None."""
    try:
        value = decode(body, decoder)
        if isinstance(value, SignalBody):
            value.check(SETTINGS)
    except RequestError as error:
        return error.status
    return None


@pytest.mark.parametrize(
    "media_type", ["application/json", "text/plain", "text/plain;charset=UTF-8", "Application/JSON"]
)
async def test_json_and_beacons_are_read(media_type: str) -> None:
    assert await read_body(request(b"{", b"}", media_type=media_type), 2) == b"{}"


@pytest.mark.parametrize(
    "media_type", [None, "", "text/html", "application/x-www-form-urlencoded", "multipart/form-data"]
)
async def test_other_types_are_not(media_type: str | None) -> None:
    with pytest.raises(UnsupportedType, match="application/json"):
        await read_body(request(b"{}", media_type=media_type), 2)


async def test_the_limit_holds_however_the_body_comes() -> None:
    with pytest.raises(TooLarge, match="2 bytes"):
        await read_body(request(b"{", b" ", b"}", b"never read"), 2)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"[]", "body"),
        (b"null", "body"),
        (b'"text"', "body"),
        (b"[" * 100_000, "body"),
        (b"{}", "device"),
        (b'{"device":1}', "device"),
        (b'{"device":null}', "device"),
        (b'{"device":["a"]}', "device"),
        (b'{"device":' + b'{"a":' * 100_000, "device"),
        (b'{"device":"d","devise":"d"}', "devise"),
        (b'{"device":"d","a`b":1}', "a`b"),
        (b'{"device":"d","x":' + b"[" * 100_000, "x"),
        (b'{"device":"d","idle_ms":"1"}', "idle_ms"),
        (b'{"device":"d","idle_ms":1.5}', "idle_ms"),
        (b'{"device":"d","idle_ms":true}', "idle_ms"),
        (b'{"device":"d","idle_ms":' + b"9" * 5_000 + b"}", "idle_ms"),
        (b'{"device":"d","visible":"yes"}', "visible"),
        (b'{"device":"d","visible":1}', "visible"),
        (b'{"device":"d","kind":"tv"}', "kind"),
        (b'{"device":"d","seq":-1}', "seq"),
        (b'{"device":"d","seq":9007199254740992}', "seq"),
        (b'{"device":"d","seq":' + b"9" * 5_000 + b"}", "seq"),
        (b'{"device":"d","interval_ms":1e4}', "interval_ms"),
    ],
)
def test_fields_that_cannot_be_taken_are_named(body: bytes, field: str) -> None:
    with pytest.raises(Invalid) as caught:
        decode(body, HEARTBEAT)
    assert [error.field for error in caught.value.errors] == [field]
    assert "`" not in caught.value.errors[0].detail
    assert caught.value.detail.startswith(field)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty"),
        (b"device=d", "not JSON"),
        (b'{"device":"d"', "not JSON"),
        (b'{"device":"d"} {}', "not JSON"),
        (b'{"device":"d","idle_ms":NaN}', "not JSON"),
        (b'{"device":"d","idle_ms":Infinity}', "not JSON"),
        (b'{"device":"d","idle_ms":01}', "not JSON"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        (b'{"device":"d\0"}', "not JSON"),
        (b'{"device":"\\ud800"}', "lone surrogate"),
        (b'{"device":"\\udc00"}', "lone surrogate"),
        (b'{"device":"\\uD800x"}', "lone surrogate"),
        (b'{"device":"\xff"}', "UTF-8"),
        (b'{"device":"\xed\xa0\x80"}', "UTF-8"),
        (b'{"device":"d","device":"e"}', "device more than once"),
        (b'{"device":"d","d\\u0065vice":"d"}', "device more than once"),
    ],
)
def test_what_is_not_json_is_malformed(body: bytes, reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        decode(body, HEARTBEAT)


def test_a_place_in_a_list_is_named() -> None:
    with pytest.raises(Invalid) as caught:
        decode(b'{"users":["a",1]}', QUERY)
    assert caught.value.errors[0].field == "users[1]"


def test_long_names_and_values_are_not_sent_back_whole() -> None:
    for body in (
        b'{"device":"d","%b":1}' % (b"x" * 200_000),
        b'{"device":"d","kind":"%b"}' % (b"x" * 200_000),
    ):
        with pytest.raises(Invalid) as caught:
            decode(body, HEARTBEAT)
        assert len(caught.value.detail) < 1_000


@given(st.binary())
def test_any_bytes_are_taken_or_refused(body: bytes) -> None:
    for decoder in (HEARTBEAT, STATUS, QUERY):
        assert refusal(body, decoder) in {None, 400, 422}


@given(st.dictionaries(st.sampled_from(HeartbeatBody.__struct_fields__), VALUES))
def test_any_values_are_taken_or_refused(members: dict[str, Any]) -> None:
    body = json.dumps(members).encode()
    status = refusal(body, HEARTBEAT)
    assert status in {None, 400, 422}
    if status is None:
        assert decode(body, HEARTBEAT).signal(SETTINGS).device == members["device"]
