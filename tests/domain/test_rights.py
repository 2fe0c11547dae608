"""What callers may do is what was granted, and nothing else."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_presence.domain.rights import EVERYTHING, Identity, Rights, Role

ROLES: tuple[Role, ...] = ("publish", "monitor", "admin")


def alice(**claim: Any) -> Identity:
    return Identity(user="alice", rights=msgspec.convert(claim, Rights))


@given(st.text(), st.text())
def test_nothing_is_granted_by_default(user: str, channel: str) -> None:
    assert alice().may_watch(user) == (user == "alice")
    assert not alice().may_enter(channel)
    assert not any(alice().has(role) for role in ROLES)


@given(st.text(), st.text())
def test_everything_is_everything(user: str, channel: str) -> None:
    caller = Identity(user="alice", rights=EVERYTHING)
    assert caller.may_watch(user)
    assert caller.may_enter(channel)
    assert all(caller.has(role) for role in ROLES)


@pytest.mark.parametrize(
    ("claim", "seen", "hidden"),
    [
        ({"watch": ["bob"]}, ["bob", "alice"], ["bo", "bobby", "Bob", "*", ""]),
        ({"watch": ["*"]}, ["*"], ["bob"]),
        ({"watch_prefix": "team:"}, ["team:", "team:bob"], ["team", "Team:bob", "bob"]),
        ({"watch_prefix": ["a:", "b:"]}, ["a:1", "b:2"], ["c:3"]),
        ({"watch_prefix": ""}, ["bob", "zoë", "*"], []),
        ({"watch_prefix": []}, [], ["bob"]),
        ({"channels": ["bob"], "channel_prefix": "", "roles": ["admin", "publish"]}, [], ["bob"]),
    ],
)
def test_who_may_be_watched(claim: dict[str, Any], seen: list[str], hidden: list[str]) -> None:
    assert [user for user in seen + hidden if alice(**claim).may_watch(user)] == seen


@pytest.mark.parametrize(
    ("claim", "open_to", "closed"),
    [
        ({"channels": ["room-1"]}, ["room-1"], ["room-10", "room"]),
        ({"channel_prefix": "room-"}, ["room-1", "room-10"], ["lobby"]),
        ({"channel_prefix": ""}, ["room-1", "lobby"], []),
        ({"watch": ["room-1"], "watch_prefix": ""}, [], ["room-1", "alice"]),
    ],
)
def test_which_channels_may_be_entered(claim: dict[str, Any], open_to: list[str], closed: list[str]) -> None:
    assert [channel for channel in open_to + closed if alice(**claim).may_enter(channel)] == open_to


@pytest.mark.parametrize("role", ROLES)
def test_no_role_contains_another(role: Role) -> None:
    assert [held for held in ROLES if alice(roles=[role]).has(held)] == [role]


def test_an_unknown_role_grants_nothing() -> None:
    assert not any(alice(roles=["root"]).has(role) for role in ROLES)


@pytest.mark.parametrize(
    "claim",
    [
        {"watch": "bob"},
        {"watch": {"bob": True}},
        {"watch": [1]},
        {"watch": None},
        {"watch_prefix": 1},
        {"watch_prefix": None},
        {"watch_prefix": [None]},
        {"channels": "room"},
        {"roles": "admin"},
        {"roles": [["admin"]]},
    ],
)
def test_a_claim_of_another_shape_is_no_grant(claim: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        alice(**claim)


def test_claims_that_are_not_ours_are_left_alone() -> None:
    assert alice(watch=["bob"], later={"x": 1}).rights == Rights(watch=frozenset({"bob"}))
