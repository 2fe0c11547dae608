"""Where a request comes from, as far as a browser or a proxy tells.

A page of another origin may send requests with the cookies of its visitor, or to the machine of its
visitor, and only these headers give it away. Other clients send none of them.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Container, Mapping

_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


def foreign_page(headers: Mapping[str, str], allowed: Container[str]) -> str | None:
    """Name the page of another origin that this request comes from; None if there is none.

    What the browser says of it counts first (`Sec-Fetch-Site`): it knows the address that its visitor sees,
    and a proxy may give the service another. Older browsers, and pages without TLS, send the origin alone; it
    is compared by host and port, for behind a proxy that ends TLS the scheme is not known.
    """
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if origin in allowed or site == "same-origin":
        return None
    if site in {"cross-site", "same-site"}:
        return f"a page of another origin ({site})" if origin is None else f"the origin {origin}"
    if origin is None or _is_own(origin, headers.get("host", "")):
        return None
    return f"the origin {origin}"


def sharing(origin: str | None, allowed: Collection[str]) -> dict[str, str]:
    """The headers of an answer that let a page of an allowed origin read it; another origin's may not.

    Answers differ by origin as soon as any is allowed, and whoever keeps them must know.
    """
    headers = {"Vary": "Origin"} if allowed else {}
    if origin is not None and origin in allowed:
        headers |= {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Allow-Credentials": "true",
            "Access-Control-Expose-Headers": "Retry-After",
        }
    return headers


def proxy_header(headers: Mapping[str, str]) -> str | None:
    """The first header by which a proxy says that it forwards; None if there is none."""
    return next(
        (name for name in headers if name in {"forwarded", "via"} or name.startswith("x-forwarded-")), None
    )


def is_loopback(host: str) -> bool:
    """Whether a `Host` header names this machine and no other could have that name."""
    name = host[1 : host.find("]")] if host.startswith("[") else host.partition(":")[0]
    name = name.lower().rstrip(".")
    if name in {"localhost", "127.0.0.1"} or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _is_own(origin: str, host: str) -> bool:
    scheme, _, netloc = origin.partition("://")
    port = _DEFAULT_PORTS.get(scheme, "")
    return bool(netloc) and netloc.lower().removesuffix(port) == host.lower().removesuffix(port)
