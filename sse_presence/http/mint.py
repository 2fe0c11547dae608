"""Minting of tokens, for development and tests. In production the application signs its own."""

from __future__ import annotations

import time

import jwt
import msgspec

from sse_presence.domain.identifier import flaw
from sse_presence.domain.rights import Rights
from sse_presence.errors import SettingsError
from sse_presence.settings import SHORTEST_SECRET, Settings


def mint(settings: Settings, user: str, rights: Rights, *, lifetime: float = 3_600) -> str:
    """Sign a token for a user, good for `lifetime` seconds.

    Raises SettingsError without a secret that a service would take, and ValueError for a user that is no id.
    """
    if not settings.jwt_secret:
        raise SettingsError(
            "Set SSE_PRESENCE_JWT_SECRET to the secret of the service; `openssl rand -base64 48` makes one."
        )
    if len(settings.jwt_secret.encode()) < SHORTEST_SECRET:
        raise SettingsError(
            f"SSE_PRESENCE_JWT_SECRET must have at least {SHORTEST_SECRET} bytes: `openssl rand -base64 48`."
        )
    reason = flaw(user)
    if reason is not None:
        raise ValueError(f"The user {reason}.")
    now = time.time()
    claims = {
        "sub": user,
        "iat": int(now),
        "exp": int(now + lifetime),
        "presence": msgspec.to_builtins(rights),
    }
    if settings.jwt_audience:
        claims["aud"] = settings.jwt_audience
    if settings.jwt_issuer:
        claims["iss"] = settings.jwt_issuer
    return jwt.encode(claims, settings.jwt_secret, settings.jwt_algorithms[0])
