"""nginx, Caddy and HAProxy as processes, with the configurations of the documentation, or stock ones.

A configuration is started as it stands in its file, but for a few texts that name a port or a place of the
machine: each of them must occur. All that a proxy writes goes into its folder, and it ends with its block.
"""

from __future__ import annotations

import grp
import os
import pwd
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tests.running import CEILING, clean_environment
from tests.stores.machines import free_port

SHOWN = Path(__file__).parents[2] / "docs" / "deployment"
STOCK = Path(__file__).with_name("stock")

FIRST, SECOND = "127.0.0.1:8000", "127.0.0.1:8001"
"""The nodes, as configurations name them."""


class Kind(NamedTuple):
    """One make of proxy."""

    file: str
    """The name of its configuration."""
    command: Callable[[Path, Path], list[str]]
    """From the configuration's path and the folder it may write to."""
    places: Callable[[Path, int], Mapping[str, str]]
    """What stands in its configuration, and what is put in the place of that, given folder and port."""


def _nginx(file: Path, folder: Path) -> list[str]:
    user, group = pwd.getpwuid(os.geteuid()).pw_name, grp.getgrgid(os.getegid()).gr_name
    own = f"daemon off; pid {folder}/nginx.pid; user {user} {group};"
    return ["nginx", "-p", str(folder), "-e", "stderr", "-c", str(file), "-g", own]


KINDS: Mapping[str, Kind] = {
    "nginx": Kind(
        "nginx.conf",
        _nginx,
        lambda folder, port: {
            "listen 443 ": f"listen 127.0.0.1:{port} ",
            "/etc/presence/": f"{folder}/",
            "/var/log/nginx/": f"{folder}/",
            "http {": "http {\n"
            + "".join(
                f"    {name}_temp_path {folder}/{name};\n"
                for name in ("client_body", "proxy", "fastcgi", "scgi", "uwsgi")
            ),
        },
    ),
    "caddy": Kind(
        "Caddyfile",
        lambda file, _: ["caddy", "run", "--config", str(file), "--adapter", "caddyfile"],
        lambda folder, port: {
            "presence.example.com {": f"https://localhost:{port} {{",
            "/etc/presence/": f"{folder}/",
            "\n{\n": "\n{\n\tadmin off\n\tauto_https disable_redirects\n\tdefault_bind 127.0.0.1\n",
        },
    ),
    "haproxy": Kind(
        "haproxy.cfg",
        lambda file, _: ["haproxy", "-db", "-f", str(file)],
        lambda folder, port: {"bind :443 ": f"bind 127.0.0.1:{port} ", "/etc/presence/": f"{folder}/"},
    ),
}


def configuration(kind: Kind, text: str, folder: Path, port: int, nodes: Mapping[str, str]) -> str:
    """A configuration for this machine: with its port, its places and its nodes."""
    for shown, ours in (dict(kind.places(folder, port)) | dict(nodes)).items():
        assert shown in text, f"{kind.file} does not say {shown!r} any more"
        text = text.replace(shown, ours)
    return text


@dataclass(frozen=True)
class Proxy:
    """One that runs."""

    name: str
    port: int
    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        """Where browsers find it."""
        return f"https://localhost:{self.port}"

    @property
    def logs(self) -> str:
        """All that it wrote about what it did."""
        return "".join(file.read_text(errors="replace") for file in self.folder.glob("*.log"))


@contextmanager
def proxied(name: str, text: str, folder: Path, nodes: Mapping[str, str]) -> Iterator[Proxy]:
    """Run a proxy; its certificate must lie in the folder."""
    kind, port = KINDS[name], free_port()
    file = folder / kind.file
    file.write_text(configuration(kind, text, folder, port, nodes))
    places = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "PATH": f"{os.environ['PATH']}:/usr/sbin"}
    with (folder / "output.log").open("wb") as output:
        process = subprocess.Popen(
            kind.command(file, folder),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=clean_environment() | places,
        )
    proxy = Proxy(name, port, folder, process)
    try:
        _await_listening(proxy)
        yield proxy
    finally:
        process.terminate()
        process.wait(CEILING)


def _await_listening(proxy: Proxy) -> None:
    end = time.monotonic() + CEILING
    while time.monotonic() < end and proxy.process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", proxy.port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"{proxy.name} did not start:\n{proxy.logs}")
