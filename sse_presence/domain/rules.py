"""The rules of presence: what a user's status is, and what a signal or the passing of time does to it.

This is the executable specification; the scripts of the store do the same, and a property test holds the
two together. Every function takes `now` and returns the new value; nothing here knows a clock or a store.

The order is always the same: apply outages, age, apply the signal, age again, show. Ageing first means
that a signal between a deadline and the sweep meets the aged state; showing last means that only the net
difference becomes a new version.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from sse_presence.domain.body import body_of
from sse_presence.domain.model import Chosen, Device, Grace, Outage, Persona, Rules, Shown, User
from sse_presence.domain.signal import LONGEST_IDLE, Heartbeat, Leave, Override, Typing

CLOSE_MARGIN = 5_000
"""Life beyond one interval after the peer closed its stream: the next heartbeat may be a little late."""


# Devices


def idle_at(device: Device, rules: Rules) -> int:
    """When an active device becomes idle."""
    limit = rules.idle_after if device.visible else rules.hidden_idle_after
    return max(device.input_at + limit, device.active_until)


def _touched(device: Device, input_at: int, now: int, rules: Rules) -> Device:
    """A device after a signal of its own."""
    return replace(
        device,
        deadline=now + rules.factor * device.interval,
        signalled=now,
        input_at=input_at,
        grace=Grace.NONE,
        active_until=0,
    )


def _beaten(old: Device | None, beat: Heartbeat, now: int, rules: Rules) -> Device:
    """A device after a heartbeat; a new one where it was not known."""
    idle_ms = min(max(beat.idle_ms, 0), LONGEST_IDLE)
    sticky = old is not None and old.idle and idle_ms > beat.interval
    same_tag = old is not None and old.activity == beat.activity
    return Device(
        kind=beat.kind,
        interval=beat.interval,
        visible=beat.visible,
        deadline=now + rules.factor * beat.interval,
        signalled=now,
        input_at=old.input_at if old is not None and sticky else now - idle_ms,
        idle=sticky,
        activity=beat.activity,
        activity_at=old.activity_at if old is not None and same_tag else now,
        seq=beat.seq if beat.seq is not None else (old.seq if old is not None else None),
        channels=tuple(sorted(set(beat.channels))),
    )


# Ageing


def last_activity(persona: Persona) -> int:
    """The last activity that may be known of."""
    inputs = (device.input_at for device in persona.devices.values() if device.input_at > persona.since)
    return max(persona.seen, max(inputs, default=0))


def _without(persona: Persona, gone: set[str]) -> Persona:
    """A persona after some devices ended; their last activity is kept."""
    if not gone:
        return persona
    kept = {name: device for name, device in persona.devices.items() if name not in gone}
    return replace(persona, devices=kept, seen=last_activity(persona))


def aged(persona: Persona, now: int, rules: Rules) -> Persona:
    """A persona at `now`: dead devices gone, quiet ones idle, an override that ended gone."""
    persona = _without(persona, {name for name, device in persona.devices.items() if now >= device.deadline})
    devices = {
        name: replace(device, idle=device.idle or now >= idle_at(device, rules))
        for name, device in persona.devices.items()
    }
    chosen = persona.chosen
    if chosen is not None and chosen.until is not None and now >= chosen.until:
        chosen = None
    return replace(persona, devices=devices, chosen=chosen)


def _forgiven(persona: Persona, outage: Outage, rules: Rules) -> Persona:
    """A persona after an outage of ours: whoever was live when it began has a fresh life from its end."""
    persona = aged(persona, outage.begin, rules)
    devices = {
        name: device
        if device.grace
        else replace(
            device,
            deadline=max(device.deadline, outage.end + rules.factor * device.interval),
            active_until=device.active_until if device.idle else outage.end + device.interval,
        )
        for name, device in persona.devices.items()
    }
    return replace(persona, devices=devices)


def _visible_again(user: User, at: int) -> User:
    """Invisibility ends: what happened meanwhile leaves no trace in what others will see."""
    if user.ghost is None:
        return user
    real = replace(user.real, seen=last_activity(user.ghost), since=at)
    return replace(user, real=real, ghost=None)


def _aged_user(user: User, now: int, rules: Rules) -> User:
    chosen = user.real.chosen
    user = replace(
        user,
        real=aged(user.real, now, rules),
        ghost=None if user.ghost is None else aged(user.ghost, now, rules),
    )
    if chosen is not None and chosen.until is not None and user.real.chosen is None:
        user = _visible_again(user, chosen.until)
    return user


def at(user: User, now: int, outages: Sequence[Outage], rules: Rules) -> User:
    """A user at `now`; `outages` are all that the partition has had."""
    for outage in outages[user.outages :]:
        ghost = None if user.ghost is None else _forgiven(user.ghost, outage, rules)
        user = replace(user, real=_forgiven(user.real, outage, rules), ghost=ghost)
    return _aged_user(replace(user, outages=len(outages)), now, rules)


# Status


def status_of(persona: Persona) -> str:
    """The status word."""
    if not persona.devices:
        return "offline"
    if persona.chosen is not None and persona.chosen.status != "online":
        return persona.chosen.status
    return "idle" if all(device.idle for device in persona.devices.values()) else "online"


def _retained_until(persona: Persona, record: Shown, rules: Rules) -> int | None:
    """When an offline persona's record and override are forgotten."""
    if persona.devices or persona.forgotten:
        return None
    return max(record.changed, persona.chosen.at if persona.chosen else 0) + rules.retention


def _remembered(user: User) -> Shown:
    """The record that the real persona is kept for: what others know, unless it is hidden from them.

    An end of retention is seen by others, so what only the user itself sees must not put it off.
    """
    return user.public if user.ghost is None else user.own


def _forget(persona: Persona, record: Shown, now: int, rules: Rules) -> Persona:
    """A persona whose retention has passed keeps nothing."""
    until = _retained_until(persona, record, rules)
    if until is None or now < until:
        return persona
    return Persona(since=persona.since)


def _show(record: Shown, persona: Persona, *, own: bool, changed: int, rules: Rules) -> Shown:
    """The record of a persona; the same value where nothing that counts is different."""
    status = status_of(persona)
    body = body_of(persona, status, own=own)
    last_seen = record.last_seen
    if persona.forgotten or status in {"online", "dnd", "invisible"}:
        last_seen = 0
    elif status != record.status and rules.precision:
        last_seen = last_activity(persona) // rules.precision * rules.precision
    forgotten = persona.forgotten and record.last_seen
    if body == record.body and not forgotten:
        return record
    return Shown(version=record.version + 1, changed=changed, status=status, body=body, last_seen=last_seen)


def shown(user: User, now: int, changed: int, rules: Rules) -> User:
    """Forget what retention no longer keeps, and show what became of a user.

    `changed` is the time of the change, should there be one.
    """
    if user.ghost is not None:
        user = replace(user, ghost=_forget(user.ghost, user.public, now, rules))
    real = _forget(user.real, _remembered(user), now, rules)
    if real is not user.real:
        user = _visible_again(replace(user, real=real), now)
    return replace(
        user,
        public=_show(user.public, user.ghost or user.real, own=False, changed=changed, rules=rules),
        own=_show(user.own, user.real, own=True, changed=changed, rules=rules),
    )


# Signals: each returns the user and, for an outdated one, the last `seq` known


def heartbeat(user: User, beat: Heartbeat, now: int, rules: Rules) -> tuple[User, int | None]:
    """A device is alive."""
    old = user.real.devices.get(beat.device)
    if old is not None and old.seq is not None and beat.seq is not None and beat.seq < old.seq:
        return user, old.seq
    devices = {**user.real.devices, beat.device: _beaten(old, beat, now, rules)}
    real = replace(user.real, devices=devices, forgotten=False)
    if len(devices) > rules.max_devices:
        others = {name: device for name, device in devices.items() if name != beat.device}
        real = _without(real, {min(others, key=lambda name: (others[name].signalled, name))})
    return _aged_user(replace(user, real=real), now, rules), None


def leave(user: User, signal: Leave, now: int, rules: Rules) -> tuple[User, int | None]:
    """A device goes: it has its grace left."""
    old = user.real.devices.get(signal.device)
    if old is None:
        return user, None
    if old.seq is not None and signal.seq is not None and signal.seq < old.seq:
        return user, old.seq
    gone = replace(_leaving(old, now, rules), seq=old.seq if signal.seq is None else signal.seq)
    return _with_device(user, signal.device, gone, now, rules), None


def _leaving(device: Device, now: int, rules: Rules) -> Device:
    return replace(device, deadline=min(device.deadline, now + rules.grace), grace=Grace.LEFT)


def _with_device(user: User, name: str, device: Device, now: int, rules: Rules) -> User:
    real = replace(user.real, devices={**user.real.devices, name: device})
    return _aged_user(replace(user, real=real), now, rules)


def typed(user: User, signal: Typing, now: int, rules: Rules) -> User:
    """Typing keeps a known device alive and active; it makes none.

    A stop does not take a leave back: a page that goes sends both, and they may overtake each other.
    """
    old = user.real.devices.get(signal.device)
    if old is None or (old.grace == Grace.LEFT and not signal.typing):
        return user
    device = _touched(old, now if signal.typing else old.input_at, now, rules)
    return _with_device(user, signal.device, replace(device, idle=old.idle and not signal.typing), now, rules)


def renew(user: User, name: str, now: int, rules: Rules) -> User:
    """A stream of a device is attached: its life goes on, up to the ceiling after its last signal."""
    old = user.real.devices.get(name)
    if old is None or old.grace == Grace.LEFT:
        return user
    reach = min(now + rules.factor * old.interval, old.signalled + rules.renewal_ceiling)
    device = replace(old, deadline=max(old.deadline, reach), grace=Grace.NONE)
    return _with_device(user, name, device, now, rules)


def closed(user: User, name: str, now: int, rules: Rules) -> User:
    """The peer closed the last stream of a device: it has time for one more heartbeat."""
    old = user.real.devices.get(name)
    if old is None or old.grace == Grace.LEFT:
        return user
    left = max(rules.grace, old.interval + CLOSE_MARGIN)
    device = replace(old, deadline=min(old.deadline, now + left), grace=Grace.CLOSED)
    return _with_device(user, name, device, now, rules)


def choose(user: User, override: Override, now: int, rules: Rules) -> User:
    """A user chose what to show. Choosing to be invisible again changes nothing that others see."""
    text, emoji = override.text or None, override.emoji or None
    chosen = None
    if override.status != "online" or text or emoji:
        until = None if override.expires_in is None else now + override.expires_in
        chosen = Chosen(status=override.status, text=text, emoji=emoji, until=until, at=now)
    if override.status != "invisible":
        user = _visible_again(user, now)
    elif user.ghost is None:
        left = {name: _leaving(device, now, rules) for name, device in user.real.devices.items()}
        user = replace(user, ghost=replace(user.real, devices=left))
    real = replace(user.real, chosen=chosen, forgotten=user.real.forgotten and chosen is None)
    return _aged_user(replace(user, real=real), now, rules)


# Time


def _timers(persona: Persona, rules: Rules) -> list[int]:
    times = [device.deadline for device in persona.devices.values()]
    times += [idle_at(device, rules) for device in persona.devices.values() if not device.idle]
    if persona.chosen is not None and persona.chosen.until is not None:
        times.append(persona.chosen.until)
    return times


def next_timer(user: User, rules: Rules) -> int | None:
    """When time itself will next do something to this user; None if never."""
    views = [(user.real, _remembered(user))]
    if user.ghost is not None:
        views.append((user.ghost, user.public))
    times = [time for persona, _ in views for time in _timers(persona, rules)]
    times += [
        until for persona, record in views if (until := _retained_until(persona, record, rules)) is not None
    ]
    return min(times, default=None)
