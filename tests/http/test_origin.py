"""Pages of other origins and proxies are told by what browsers and proxies send."""

from __future__ import annotations

import pytest
from starlette.datastructures import Headers

from sse_presence.http.origin import foreign_page, is_loopback, proxy_header

LISTED = frozenset({"https://app.example"})


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:8000",
        "LOCALHOST",
        "localhost.",
        "app.localhost:1",
        "127.0.0.1:8000",
        "127.1.2.3",
        "[::1]",
        "[::1]:8000",
    ],
)
def test_names_of_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "localhost.evil.example",
        "evillocalhost",
        "127.0.0.1.evil.example",
        "10.0.0.1",
        "0.0.0.0",
        "[::]",
        "[::1",
        "::1",
        "127.1",
        "2130706433",
    ],
)
def test_names_that_others_could_have(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
        {"origin": "http://127.0.0.1:8000", "host": "127.0.0.1:8000"},
        {"origin": "https://presence.example", "host": "presence.example"},
        {"origin": "https://presence.example", "host": "Presence.Example:443"},
        {"origin": "http://presence.example", "host": "presence.example:80"},
        {"origin": "https://app.example", "host": "presence.example", "sec-fetch-site": "cross-site"},
        {"origin": "https://presence.example", "host": "node-1:8000", "sec-fetch-site": "same-origin"},
    ],
)
def test_own_and_listed_pages(headers: dict[str, str]) -> None:
    assert foreign_page(Headers(headers), LISTED) is None


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "null", "host": "127.0.0.1:8000"},
        {"origin": "", "host": ""},
        {"origin": "://", "host": ""},
        {"origin": "http://127.0.0.1:3000", "host": "127.0.0.1:8000"},
        {"origin": "http://localhost:8000", "host": "127.0.0.1:8000"},
        {"origin": "https://app.example.evil.example", "host": "presence.example"},
        {"origin": "https://app.example:8443", "host": "presence.example"},
        {"origin": "http://app.example", "host": "presence.example"},
        {"origin": "http://[", "host": "presence.example"},
        {"origin": "https://evil.example"},
        {"origin": "https://evil.example", "host": "presence.example", "sec-fetch-site": "none"},
        {"origin": "http://presence.example", "host": "presence.example", "sec-fetch-site": "cross-site"},
    ],
)
def test_foreign_pages(headers: dict[str, str]) -> None:
    assert foreign_page(Headers(headers), LISTED) is not None


@pytest.mark.parametrize(
    "name", ["Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Anything"]
)
def test_proxies_name_themselves(name: str) -> None:
    assert proxy_header(Headers({"host": "localhost", name: "x"})) == name.lower()
    assert proxy_header(Headers({"host": "localhost"})) is None
