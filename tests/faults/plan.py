"""What a round will be, drawn from its seed: who takes part, who watches whom, what breaks and when."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

USERS = ("alice", "bob", "carol", "dan", "eve", "frank", "grace", "heidi", "ivan", "judy")
CHANNELS = ("talk", "news")

CHAOS = (11.0, 16.0)
"""Seconds of a round in which things break."""


@dataclass(frozen=True)
class Hand:
    """One device of a user."""

    user: str
    device: str
    steady: bool
    """Beats as long as the round lasts; others leave, die and come back."""
    kind: str
    interval_ms: int | None
    channel: str | None
    """Where it types from time to time."""
    channels: tuple[str, ...]
    """Which it is in; the same for all devices of a user."""


@dataclass(frozen=True)
class Watch:
    """One watcher and its interest."""

    name: str
    viewer: str
    users: tuple[str, ...]
    channels: tuple[str, ...]
    device: str | None = None
    forgetful: bool = False
    """Comes back without its last event id."""


@dataclass(frozen=True)
class Planned:
    """A fault to come."""

    at: float
    kind: str
    node: int | None
    """None for all of them, or the store."""
    length: float
    strength: float = 0.0

    @property
    def everywhere(self) -> bool:
        """Whether it concerns every node, and not the store."""
        return self.node is None and self.kind in NETWORK


@dataclass(frozen=True)
class Plan:
    """A round."""

    seed: str
    chaos: float
    hands: tuple[Hand, ...]
    moody: tuple[str, ...]
    """Users that choose what to show."""
    watches: tuple[Watch, ...]
    faults: tuple[Planned, ...]
    lasting: frozenset[str]
    """Users that go on beating in the quiet at the end; the others fall silent."""


ALONE = {"kill": 3, "freeze": 3, "restart": 3}

ONE_NODE = {
    "kill": 3, "freeze": 3, "restart": 3, "delay": 2, "black hole": 3, "half hole": 3, "cut": 2,
}  # fmt: skip
ALL_NODES = {
    "roll": 3, "freeze store": 4, "kill store": 3, "empty store": 2, "roll store back": 1, "flush": 3,
    "kill bus connections": 3, "kill all connections": 2, "black hole": 2, "cut": 1,
    "demote store": 2, "fill store": 2, "forget scripts": 1,
}  # fmt: skip
REPLICATED = {
    "kill master": 4, "freeze master": 4, "lose writes": 3, "cut replica": 1, "flush": 2, "roll": 2,
    "kill bus connections": 2, "kill all connections": 2, "forget scripts": 1,
}  # fmt: skip
KINDS = {
    "single": (ONE_NODE, ALL_NODES),
    "sentinel": (ALONE, REPLICATED),
    "cluster": (ALONE, REPLICATED | {"move slot": 4}),
}
"""Kind of store → kinds of faults of one node, and of the store or all nodes, with their weights."""

NETWORK = frozenset({"delay", "black hole", "cut"})
"""Of all proxies, if not of one."""

LENGTHS = {
    "kill": (0.1, 4), "freeze": (0.5, 9), "restart": (0, 1), "roll": (0, 0.5), "delay": (1, 8),
    "black hole": (0.5, 12), "half hole": (1, 12), "cut": (0.2, 6), "freeze store": (0.3, 13),
    "kill store": (0.1, 12), "empty store": (0.1, 7), "roll store back": (0.1, 3), "demote store": (0.1, 12),
    "fill store": (0.1, 12), "flush": (0, 0), "forget scripts": (0, 0), "kill bus connections": (0, 0),
    "kill all connections": (0, 0), "kill master": (0, 3), "freeze master": (0, 3), "lose writes": (0.5, 3),
    "cut replica": (0.5, 6), "move slot": (0, 0),
}  # fmt: skip


def draw(seed: str, store: str, nodes: int, prefix: str) -> Plan:
    """The round of a seed on a kind of store; `prefix` makes its users new to it."""
    random = Random(seed)
    users = [f"{prefix}-{name}" for name in USERS]
    hands = [hand for user in users for hand in _hands(user, random)]
    chaos = random.uniform(*CHAOS)
    return Plan(
        seed=seed,
        chaos=chaos,
        hands=tuple(hands),
        moody=tuple(random.sample(users, 4)),
        watches=tuple(_watches(users, hands, prefix, random)),
        faults=tuple(sorted(_faults(chaos, store, nodes, random), key=lambda fault: fault.at)),
        lasting=frozenset(random.sample(users, 6)),
    )


def _hands(user: str, random: Random) -> list[Hand]:
    interval = random.choice([None, None, None, 500, 1_500])
    typing_in = random.choice([None, *CHANNELS])
    within = tuple(random.sample(CHANNELS, random.randint(0, 2)))
    kind = random.choice(["web", "mobile"])
    first = Hand(user, "d1", random.random() < 0.6, kind, interval, typing_in, within)
    if random.random() < 0.6:
        return [first]
    kind = random.choice(["web", "desktop", "bot"])
    return [first, Hand(user, "d2", steady=False, kind=kind, interval_ms=None, channel=None, channels=within)]


def _watches(users: list[str], hands: list[Hand], prefix: str, random: Random) -> list[Watch]:
    watches = [Watch(f"w{number}", f"{prefix}-watcher-{number}", tuple(users), CHANNELS) for number in (1, 2)]
    for number in (3, 4, 5):
        some = tuple(random.sample(users, random.randint(1, 6)))
        channels = tuple(random.sample(CHANNELS, random.randint(0, 2)))
        forgetful = random.random() < 0.5
        watches.append(Watch(f"w{number}", f"{prefix}-w{number}", some, channels, forgetful=forgetful))
    for hand in random.sample(hands, 4):
        others = tuple(random.sample(users, 2))
        interest = tuple(dict.fromkeys((hand.user, *others)))
        name = f"{hand.user}/{hand.device}"
        watches.append(Watch(name, hand.user, interest, CHANNELS[:1], hand.device))
    return watches


def _faults(chaos: float, store: str, nodes: int, random: Random) -> list[Planned]:
    faults = []
    one, every = KINDS[store]
    for _ in range(random.randint(1, 5)):
        kinds = one if random.random() < 0.5 else every
        kind = random.choices(list(kinds), list(kinds.values()))[0]
        node = random.randrange(nodes) if kinds is one else None
        length = random.uniform(*LENGTHS[kind])
        faults.append(Planned(random.uniform(1.0, chaos - 2), kind, node, length, random.uniform(0.02, 1.5)))
    return faults
