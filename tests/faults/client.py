"""Clients of HTTP that never speak TLS: loading its authorities takes far longer than any request here."""

from __future__ import annotations

import ssl

import httpx


def client(timeout: httpx.Timeout | float) -> httpx.AsyncClient:
    """A new one, which heeds no settings of the environment; seconds."""
    return httpx.AsyncClient(timeout=timeout, trust_env=False, verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
