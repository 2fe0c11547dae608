"""The listening socket: bound by us, because options set on it are inherited by every connection.

What keeps it from being bound is a sentence: `SettingsError` for a host that cannot be, `PresenceError`
for a port that is taken.
"""

from __future__ import annotations

import errno
import ipaddress
import socket

from sse_presence.errors import PresenceError, SettingsError

BACKLOG = 2048
"""Connections waiting to be accepted: a restart brings all clients back within seconds."""

KEEP_ALIVE = 75
"""Seconds that an idle connection is kept: longer than the next heartbeat takes, and than clients and proxies
keep theirs (nginx 60 s), for whoever closes first must not be the one that is about to be asked."""

SILENT = 30_000
"""Milliseconds that sent bytes may stay unacknowledged, unless the caller knows better."""

_UNSENT = 16_384
"""Bytes the kernel takes before `send` waits. It would take megabytes otherwise, and a client that reads
nothing would be noticed only after all of them."""


def loopback(host: str) -> bool:
    """Whether every address of this host is reachable from this machine only."""
    return all(ipaddress.ip_address(address[0]).is_loopback for *_, address in _addresses(host, 0))


def listen(host: str, port: int, *, shared: bool = False, silent: int = SILENT) -> socket.socket:
    """Bind and listen; port 0 takes a free one. `shared`: other processes of ours listen on it, too.

    A peer that has acknowledged nothing for `silent` milliseconds has vanished, and its connection is closed;
    where nothing is sent that it could acknowledge, it is asked whether it is there.
    """
    listener = bind(host, port, shared=shared, silent=silent)
    listener.listen(BACKLOG)
    return listener


def bind(host: str, port: int, *, shared: bool = False, silent: int = SILENT) -> socket.socket:
    """Take a port without taking connections."""
    family, kind, protocol, _, address = _addresses(host, port)[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in (
            ("TCP_USER_TIMEOUT", silent),
            ("TCP_KEEPIDLE", max(1, silent // 2_000)),
            ("TCP_KEEPINTVL", max(1, silent // 6_000)),
            ("TCP_NOTSENT_LOWAT", _UNSENT),
        ):
            if hasattr(socket, name):  # each exists on some systems only
                listener.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
        if shared:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise _refusal(error, host, port) from error
    return listener


def url(listener: socket.socket) -> str:
    """Where a browser on this machine finds it."""
    host, port = listener.getsockname()[:2]
    if ipaddress.ip_address(host).is_unspecified:
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _addresses(host: str, port: int) -> list[tuple[int, int, int, str, tuple[str, int]]]:
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)  # type: ignore[return-value]  # AF_INET6 adds two
    except (OSError, UnicodeError) as error:
        raise SettingsError(f"--host {host!r} is no address of this machine.") from error


def _refusal(error: OSError, host: str, port: int) -> PresenceError:
    """What the system said, as what to do."""
    if error.errno == errno.EADDRINUSE:
        return PresenceError(
            f"Port {port} of {host} is in use. Stop what listens there (`lsof -i :{port}` shows it), "
            "or choose another with --port."
        )
    if error.errno == errno.EACCES:
        return PresenceError(f"This user may not open port {port}. Choose one above 1023 with --port.")
    if error.errno == errno.EADDRNOTAVAIL:
        return SettingsError(f"--host {host!r} is no address of this machine.")
    return PresenceError(f"Port {port} of {host} cannot be opened: {error}.")
