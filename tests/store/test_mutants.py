"""The agreement test can fail: each of these small faults in the scripts is found by it."""

from __future__ import annotations

import pytest

from tests.store.mutation import finds
from tests.store.test_agreement import Agreement
from tests.store.test_membership_agreement import MembershipAgreement

MUTANTS = {
    "exclusive deadline": ("time >= d.deadline", "time > d.deadline"),
    "exclusive idle limit": ("or time >= idle_at(d)", "or time > idle_at(d)"),
    "override one millisecond too long": ("time >= chosen[4]", "time > chosen[4]"),
    "retry taken for stale": ("old and seq >= 0 and seq < old.seq", "old and seq >= 0 and seq <= old.seq"),
    "lost gap check": ("follow_clock()\nnotice_outage()", "follow_clock()"),
    "time goes back with the clock": ("if now >= p.mark then return false end", "if true then return end"),
    "lead kept for ever": ("(clock - p.led) / CAUGHT_UP", "0"),
    "outages not applied": ("  apply_outages(user)\n", ""),
    "gap one millisecond early": ("gap <= OUTAGE_AFTER", "gap < OUTAGE_AFTER"),
    "outage forgives leavers": ("if d.grace == NO_GRACE then", "if true then"),
    "tie by table order": ("d.activity_at == at and name > by", "d.activity_at == at"),
    "times of changes repeat": ("math.max(now, partition.last + 1)", "now"),
    "invisible activity leaves a trace": ("user.real.since = at", "user.real.since = 0"),
    "retention put off unseen": ("user.ghost and user.own or user.public", "user.own"),
    "timer not moved forward": (
        "if armed < old or now >= old or user.popped",
        "if now >= old or user.popped",
    ),
    "typing refreshed too late": (
        "local changed = now >= refresh_at(channel, current)",
        "local changed = false",
    ),
    "traits not compared": ("sub(packed, TRAITS_AT) ~= traits", "false"),
    "beat wakes no idle device": ("if idle_ms <= interval then return false end", ""),
    "idle before its timer": ("HIDDEN_IDLE_AFTER) < armed then", "HIDDEN_IDLE_AFTER) < 0 then"),
    "stale beat taken for unchanged": ("seq >= 0 and seq < last_seq then", "false then"),
    "beat of the same call forgotten": ("field == beaten_field and beaten_device or value", "value"),
    "late typing start": ("e and seq >= 0 and seq < e.seq and e.seq or false", "false"),
}


MEMBERSHIP_MUTANTS = {
    "channels not compared": ("if got[2] ~= channels then return false end", ""),
    "ghost with the channels of the day": ("channels_of(user.ghost or user.real)", "channels_of(user.real)"),
    "only one device's channels": ("if not mixed then", "if true then"),
    "owed forgotten with the next change": (
        "(membership.channels, '[^\\n]+') do membership.owed[channel] = true end",
        "('', '[^\\n]+') do end",
    ),
    "taken off and put on at once": ("do membership.owed[channel] = nil end", "do end"),
    "not claimed": ("now + CLAIMED", "now"),
    "never told again": ("membership.channels == '' and NEVER or renewal(one[2])", "NEVER"),
    "older line replaces newer": ("if fence > entry.fence then", "if true then"),
    "older line replaces who was taken off": (
        "tonumber(fence or redis.call('ZSCORE', roll.off_key, user) or -1)",
        "tonumber(fence or -1)",
    ),
    "a line of any age": ("if fence < now - TOO_OLD then", "if false then"),
    "lapsing after an outage of ours": ("and now >= outage_end() + LEASE then", "then"),
    "joined although it was there": ("entry.present and not entry.was then", "entry.present then"),
    "one too few listed": ("if roll.count > LISTED_MEMBERS", "if roll.count >= LISTED_MEMBERS"),
    "timer moved back": ("'LT', earliest + LEASE", "earliest + LEASE"),
    "recalled for nothing": ("if partition.recalled == op[2] then return true end", ""),
    "recalled by nobody": ("'WEIGHTS', 0", "'WEIGHTS', 1"),
}


class Mutant(Agreement):
    """The same, on a script with a fault."""


class MembershipMutant(MembershipAgreement):
    """The same, on a script with a fault."""


@pytest.mark.parametrize("name", MUTANTS)
def test_fault_is_found(store_url: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Mutant.url = store_url
    finds(Mutant, *MUTANTS[name], monkeypatch)


@pytest.mark.parametrize("name", MEMBERSHIP_MUTANTS)
def test_membership_fault_is_found(store_url: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    MembershipMutant.url = store_url
    finds(MembershipMutant, *MEMBERSHIP_MUTANTS[name], monkeypatch)
