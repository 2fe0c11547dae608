"""The listening socket: where it listens, what connections inherit, and refusals that say what to do."""

from __future__ import annotations

import errno
import socket

import pytest

from sse_presence.cli.listen import listen, loopback, url
from sse_presence.errors import PresenceError, SettingsError


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
    ],
)
def test_what_counts_as_this_machine_only(host: str, expected: bool) -> None:  # noqa: FBT001
    assert loopback(host) is expected


@pytest.mark.parametrize(
    ("host", "shown"),
    [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::1", "[::1]"), ("::", "127.0.0.1")],
)
def test_its_url_is_one_that_a_browser_here_can_open(host: str, shown: str) -> None:
    with listen(host, 0) as listener:
        assert url(listener) == f"http://{shown}:{listener.getsockname()[1]}"
        with socket.create_connection((shown.strip("[]"), listener.getsockname()[1])):
            pass


def test_connections_inherit_what_ends_dead_and_stalled_ones() -> None:
    with listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        connection, _ = listener.accept()
        with connection:
            assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            for name, value in (
                ("TCP_USER_TIMEOUT", 30_000),
                ("TCP_KEEPIDLE", 15),
                ("TCP_NOTSENT_LOWAT", 16_384),
            ):
                if hasattr(socket, name):
                    assert connection.getsockopt(socket.IPPROTO_TCP, getattr(socket, name)) == value


@pytest.mark.parametrize(
    ("number", "kind", "sentence"),
    [
        (errno.EADDRINUSE, PresenceError, "Port 80 of 127.0.0.1 is in use"),
        (errno.EACCES, PresenceError, "Choose one above 1023"),
        (errno.EADDRNOTAVAIL, SettingsError, "is no address of this machine"),
        (errno.ENOBUFS, PresenceError, "cannot be opened"),
    ],
)
def test_what_the_system_refuses_is_a_sentence(
    number: int, kind: type[PresenceError], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, "refused")

    monkeypatch.setattr("socket.socket.bind", refuse)
    with pytest.raises(kind, match=sentence):
        listen("127.0.0.1", 80)
