"""Good tokens say who calls and what it may do; of all others nothing is told but why."""

from __future__ import annotations

import base64
import json
import time
from itertools import count
from typing import Any

import jwt
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_presence.domain.rights import EVERYTHING, Identity, Rights
from sse_presence.errors import SettingsError, Unauthenticated
from sse_presence.http import tokens
from sse_presence.http.mint import mint
from sse_presence.http.tokens import Tokens
from sse_presence.settings import Settings
from tests.http.caller import SECRET

SETTINGS = Settings(auth="jwt", jwt_secret=SECRET)
NOW = int(time.time())
GOOD: dict[str, Any] = {"sub": "alice", "iat": NOW, "exp": NOW + 600}


def signed(algorithm: str = "HS256", secret: str = SECRET, **claims: Any) -> str:
    return jwt.encode({**GOOD, **claims}, secret, algorithm)


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def refusal(token: str, settings: Settings = SETTINGS) -> str:
    """Why a token is refused; no part of it is told."""
    with pytest.raises(Unauthenticated) as caught:
        Tokens(settings).identity(token)
    assert not any(piece and piece in caught.value.detail for piece in token.split(".") if len(piece) > 8)
    return caught.value.detail


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_tokens_say_who_calls(algorithm: str) -> None:
    token = signed(algorithm, presence={"watch": ["bob"], "roles": ["publish"]})
    rights = Rights(watch=frozenset({"bob"}), roles=frozenset({"publish"}))
    expected = Identity(user="alice", rights=rights, issued=NOW * 1000, expires=(NOW + 600) * 1000)
    assert Tokens(SETTINGS).identity(token) == expected


def test_without_claims_nothing_is_granted() -> None:
    assert Tokens(SETTINGS).identity(signed()).rights == Rights()


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"exp": NOW - 1}, "has expired"),
        ({"exp": None}, "lacks the claim exp"),
        ({"iat": None}, "lacks the claim iat"),
        ({"sub": None}, "lacks the claim sub"),
        ({"nbf": NOW + 600}, "not good yet"),
        ({"sub": ""}, "sub must not be empty"),
        ({"sub": "a\nb"}, "sub must not contain control characters"),
        ({"sub": "\ud800"}, "sub must not contain lone surrogates"),
        ({"sub": "x" * 129}, "128 bytes"),
        ({"sub": 7}, "no JWT signed for this service"),
        ({"iat": "yesterday"}, "claims cannot be used"),
        ({"iat": float("nan")}, "claims cannot be used"),
        ({"iat": -1}, "claims cannot be used"),
        ({"exp": float("nan")}, "no JWT"),
        ({"exp": float("inf")}, "no JWT"),
        ({"exp": 10**30}, "claims cannot be used"),
        ({"exp": "soon"}, "no JWT"),
        ({"presence": []}, "presence"),
        ({"presence": {"watch": "bob"}}, "presence.watch"),
        ({"presence": {"roles": "admin"}}, "presence.roles"),
        ({"presence": None}, "presence"),
        ({"presence": {"watch": ["\ud800"]}}, "presence must not contain lone surrogates"),
        ({"presence": {"channel_prefix": "\ud800"}}, "presence must not contain lone surrogates"),
    ],
)
def test_bad_claims_are_named(claims: dict[str, Any], reason: str) -> None:
    assert reason in refusal(signed(**claims))


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "..",
        "a.b.c",
        "é",
        signed(secret="another secret that is long enough for every algorithm, 64 bytes.."),
        f"{part({'alg': 'none'})}.{part(GOOD)}.",
        f"{part({'alg': 'HS256', 'b64': False, 'crit': ['b64']})}..x",
        f"{part({'alg': ['HS256']})}.{part(GOOD)}.x",
        f"{part([])}.{part(GOOD)}.x",
        base64.urlsafe_b64encode(b"[" * 10_000).decode() + ".x.x",
        base64.urlsafe_b64encode(b'{"alg":' + b"9" * 5_000 + b"}").decode() + ".x.x",
        signed()[:-2],
        signed() + "x",
        "x" * 20_000,
    ],
    ids=count(),  # tokens differ from process to process
)
def test_forgeries_are_refused(token: str) -> None:
    refusal(token)


def test_only_listed_algorithms_count() -> None:
    assert "no JWT" in refusal(
        signed("HS512"), Settings(auth="jwt", jwt_secret=SECRET, jwt_algorithms=("HS256",))
    )


@given(st.text())
def test_any_text_is_refused(token: str) -> None:
    with pytest.raises(Unauthenticated):
        Tokens(SETTINGS).identity(token)


def test_an_issuer_whose_clock_is_ahead_locks_nobody_out() -> None:
    assert Tokens(SETTINGS).identity(signed(iat=NOW + 30)).user == "alice"


def test_audience_and_issuer_are_checked_where_they_are_set() -> None:
    settings = Settings(auth="jwt", jwt_secret=SECRET, jwt_audience="presence", jwt_issuer="app")
    assert Tokens(settings).identity(signed(aud=["x", "presence"], iss="app")).user == "alice"
    assert "aud" in refusal(signed(iss="app"), settings)
    assert "aud" in refusal(signed(iss="app", aud="x"), settings)
    assert "iss" in refusal(signed(aud="presence"), settings)
    assert "iss" in refusal(signed(aud="presence", iss="x"), settings)
    assert Tokens(SETTINGS).identity(signed(aud="whoever", iss="whoever")).user == "alice"


def test_a_remembered_token_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    checker, token = Tokens(SETTINGS), signed()
    assert checker.identity(token) is checker.identity(token)
    monkeypatch.setattr("time.time", lambda: NOW + 600)
    with pytest.raises(Unauthenticated, match="expired"):
        checker.identity(token)
    assert not checker._good


def test_few_tokens_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "_REMEMBERED", 2)
    checker = Tokens(SETTINGS)
    for user in ("alice", "bob", "carol"):
        checker.identity(signed(sub=user))
    assert [identity.user for identity in checker._good.values()] == ["bob", "carol"]


def test_minted_tokens_are_good() -> None:
    settings = msgspec.structs.replace(SETTINGS, jwt_audience="presence", jwt_issuer="app")
    for rights in (Rights(), EVERYTHING, Rights(watch=frozenset({"bob"}), channel_prefix=("a:", "b:"))):
        identity = Tokens(settings).identity(mint(settings, "zoë", rights, lifetime=60))
        assert (identity.user, identity.rights) == ("zoë", rights)
        assert (identity.expires or 0) / 1000 - time.time() < 61


def test_nothing_is_minted_without_a_secret_or_for_nobody() -> None:
    with pytest.raises(SettingsError, match="JWT_SECRET"):
        mint(Settings(), "alice", Rights())
    with pytest.raises(ValueError, match="empty"):
        mint(SETTINGS, "", Rights())
