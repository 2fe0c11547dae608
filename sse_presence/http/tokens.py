"""Tokens: JWTs that the application signs, and what they grant.

A token is good when its signature, its `exp` and, where they are set, its `aud` and `iss` are; `sub` is the
user. `iat` must be there, because tokens are revoked by it, but may be ahead of our clock: the issuer's may
be. No sentence of a refusal contains any part of the token.
"""

from __future__ import annotations

import time
from typing import Annotated

import jwt
import msgspec

from sse_presence.domain.identifier import flaw
from sse_presence.domain.rights import Identity, Rights
from sse_presence.errors import Unauthenticated
from sse_presence.settings import Settings

_REMEMBERED = 4_096
"""Tokens whose check is remembered; a heartbeat costs less than a signature."""

_LONGEST = 16_384
"""Characters of a token that are looked at; HTTP servers take no longer header anyway."""

Moment = Annotated[float, msgspec.Meta(ge=0, lt=2**43)]


class Claims(msgspec.Struct, frozen=True):
    """What is read from a token."""

    sub: str
    exp: Moment
    iat: Moment
    presence: Rights = Rights()


class Tokens:
    """Checks tokens, and remembers the last good ones until they expire."""

    def __init__(self, settings: Settings) -> None:
        self._secret = settings.jwt_secret
        self._algorithms = list(settings.jwt_algorithms)
        self._audience = settings.jwt_audience or None
        self._issuer = settings.jwt_issuer or None
        self._good: dict[str, Identity] = {}

    def identity(self, token: str) -> Identity:
        """Who the token speaks for; raises Unauthenticated."""
        known = self._good.get(token)
        if known is None:
            known = self._check(token)
            if len(self._good) >= _REMEMBERED:
                del self._good[next(iter(self._good))]
            self._good[token] = known
        elif known.expires is not None and known.expires <= time.time() * 1000:
            del self._good[token]
            raise Unauthenticated("The token has expired; ask the application for a new one.")
        return known

    def _check(self, token: str) -> Identity:
        claims = self._claims(token)
        reason = flaw(claims.sub)
        if reason is not None:
            raise Unauthenticated(f"The token's claim sub {reason}.")
        return Identity(
            user=claims.sub,
            rights=claims.presence,
            issued=int(claims.iat * 1000),
            expires=int(claims.exp * 1000),
        )

    def _claims(self, token: str) -> Claims:
        if len(token) > _LONGEST:
            raise Unauthenticated(f"The token has more than {_LONGEST} characters.")
        try:
            payload = jwt.decode(
                token,
                self._secret,
                algorithms=self._algorithms,
                audience=self._audience,
                issuer=self._issuer,
                options={
                    "require": ["sub", "exp", "iat"],
                    "verify_iat": False,
                    "verify_aud": self._audience is not None,
                    "verify_iss": self._issuer is not None,
                },
            )
            claims = msgspec.convert(payload, Claims)
            msgspec.msgpack.encode(claims.presence)  # as tickets keep it
        except jwt.ExpiredSignatureError:
            raise Unauthenticated("The token has expired; ask the application for a new one.") from None
        except jwt.MissingRequiredClaimError as error:
            raise Unauthenticated(f"The token lacks the claim {error.claim}.") from None
        except jwt.InvalidAudienceError:
            raise Unauthenticated("The token's claim aud is not for this service.") from None
        except jwt.InvalidIssuerError:
            raise Unauthenticated(
                "The token's claim iss is not the issuer that this service trusts."
            ) from None
        except jwt.ImmatureSignatureError:
            raise Unauthenticated("The token is not good yet: its claim nbf is in the future.") from None
        except msgspec.ValidationError as error:
            raise Unauthenticated(f"The token's claims cannot be used: {error}.") from None
        except UnicodeEncodeError:
            raise Unauthenticated("The token's claim presence must not contain lone surrogates.") from None
        except (jwt.PyJWTError, ValueError, OverflowError, RecursionError):
            # The others say what an attacker would like to know, or repeat parts of the token.
            raise Unauthenticated("The token is no JWT signed for this service.") from None
        return claims
