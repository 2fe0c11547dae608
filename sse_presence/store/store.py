"""Presence state in Redis or Valkey.

A signal that is answered is stored, and published if it changed anything, in the same script call. Every
method raises StoreUnavailable when the store did not confirm the call; if it took it all the same, then
whole and published, and a retry is safe.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Sequence
from functools import partial
from hashlib import blake2b
from typing import Any

import msgspec
from msgspec.structs import replace

from sse_presence.domain.interest import Interest, StoredInterest
from sse_presence.domain.model import rules_from
from sse_presence.domain.record import Record, TypingList
from sse_presence.domain.roll import Roll, by_bytes
from sse_presence.domain.signal import Answer, Heartbeat, Leave, Override, Reading, Typing
from sse_presence.errors import SettingsError
from sse_presence.settings import Settings
from sse_presence.store import beat as beats
from sse_presence.store import interest as interests
from sse_presence.store import keys
from sse_presence.store.client import Client
from sse_presence.store.commit import Committer
from sse_presence.store.outbox import Outbox
from sse_presence.store.script import Operation, Reply, packed_operations, packed_rules

CHUNK = 500
"""Users read in one operation: about 3 ms of the store's time."""

log = logging.getLogger("sse_presence")


class Store:
    """One service's view of the store. `open()` before use, `close()` after."""

    def __init__(self, client: Client, settings: Settings, *, clock: Callable[[], int] | None = None) -> None:
        """`clock` (milliseconds) stands in for the store's own in tests."""
        self._client = client
        self._settings = settings
        self._clock = clock
        self.partitions = settings.partitions or (64 if client.clustered else 1)
        publish = "SPUBLISH" if client.clustered else "PUBLISH"
        rules = rules_from(settings)
        buses = [keys.bus(number, client.database) for number in range(self.partitions)]
        self.channels = {bus: number for number, bus in enumerate(buses)}
        """Pub/sub channel → the partition that is published on it."""
        self._rules = [packed_rules(rules, number, bus, publish) for number, bus in enumerate(buses)]
        self._committers = [Committer(partial(self._call, number)) for number in range(self.partitions)]
        self._outboxes = [
            Outbox(number, self._submit_to, self.partition_of) for number in range(self.partitions)
        ]
        self._incarnations: dict[int, str] = {}
        self._recalled = ""

    async def open(self) -> None:
        """Check that the store is one that this version can use; raises SettingsError."""
        known = await self._client.hash_default(keys.META, "format", keys.FORMAT)
        if known.decode() != keys.FORMAT:
            raise SettingsError(
                f"The store has format {known.decode()}, this version writes {keys.FORMAT}: "
                "use a fresh store, or the version that matches."
            )
        kept = int(await self._client.hash_default(keys.META, "partitions", str(self.partitions)))
        if kept != self.partitions:
            raise SettingsError(
                f"The store has {kept} partitions and this process wants {self.partitions}: "
                f"set SSE_PRESENCE_PARTITIONS={kept}, or use a fresh store."
            )
        policy = await self._client.memory_policy(keys.META)
        if policy not in {"", "noeviction"}:
            log.warning(
                "The store may evict live presence: set its maxmemory-policy to noeviction, not %s.", policy
            )

    async def close(self) -> None:
        """Let what was taken be committed, and end the connections."""
        await asyncio.gather(*(committer.close() for committer in self._committers))
        await asyncio.gather(*(outbox.close() for outbox in self._outboxes))
        await self._client.close()

    def partition_of(self, name: str) -> int:
        """Where a user or channel lies."""
        return keys.partition_of(name, self.partitions)

    async def cursor_key(self) -> bytes:
        """The key that cursors are authenticated with, shared by all processes on this store."""
        configured = self._settings.cursor_secret
        return configured.encode() or await self._client.hash_default(
            keys.META, "cursor_key", os.urandom(32).hex()
        )

    # Signals

    async def heartbeat(self, user: str, beat: Heartbeat) -> Answer:
        """A device is alive."""
        partition = self.partition_of(user)
        return _answer(*await self._submit_to(partition, beats.packed(partition, user, beat)))

    async def leave(self, user: str, signal: Leave) -> Answer:
        """A device goes."""
        return _answer(*await self._submit(user, ("leave", user, signal.device, _seq(signal.seq))))

    async def status(self, user: str, override: Override) -> Record:
        """A user chose what to show; its own record after it."""
        texts = (override.text or False, override.emoji or False, override.expires_in or False)
        _, record = await self._submit(user, ("choose", user, override.status, *texts))
        return msgspec.convert(record, Record)

    async def typing(self, user: str, signal: Typing) -> Answer:
        """A device types, or stopped typing, in a channel."""
        device, channel, seq = signal.device, signal.channel, _seq(signal.seq)
        if self.partition_of(user) == self.partition_of(channel):
            return _answer(*await self._submit(user, ("typing", user, device, channel, signal.typing, seq)))
        # The order of typing signals is known where the channel lies, so an outdated one must be
        # recognised there before it may touch the device.
        _, hidden = await self._submit(user, ("hidden", user))
        reply, newer = await self._submit(
            channel, ("type", user, device, channel, signal.typing, seq, hidden)
        )
        if newer is not False:
            return Answer(status="", stale=True, seq=newer, time=reply.now)
        return _answer(*await self._submit(user, ("touch", user, device, signal.typing)))

    async def renew(self, user: str, device: str) -> int | None:
        """A stream of the device is attached; the device's interval, None if it is not known."""
        _, interval = await self._submit(user, ("renew", user, device))
        return interval or None

    async def closed(self, user: str, device: str) -> None:
        """The peer closed the device's last stream of this process."""
        await self._submit(user, ("closed", user, device))

    # Reads

    async def read(self, users: Sequence[str]) -> Reading:
        """Public records in the order asked for, as of one moment per partition."""
        parts: dict[int, list[str]] = {}
        for user in dict.fromkeys(users):
            parts.setdefault(self.partition_of(user), []).append(user)
        chunks = [
            (partition, part[start : start + CHUNK])
            for partition, part in parts.items()
            for start in range(0, len(part), CHUNK)
        ]
        answers = await asyncio.gather(
            *(self._committers[partition].submit(("read", chunk)) for partition, chunk in chunks)
        )
        found: dict[str, Record] = {}
        replies: list[tuple[int, Reply]] = []
        for (partition, _), (reply, records) in zip(chunks, answers, strict=True):
            replies.append((partition, reply))
            found.update((record.user, record) for record in msgspec.convert(records, list[Record]))
        return _reading([found[user] for user in dict.fromkeys(users)], replies)

    async def own(self, user: str) -> Reading:
        """One record, as the user itself sees it."""
        reply, record = await self._submit(user, ("own", user))
        return _reading([msgspec.convert(record, Record)], [(self.partition_of(user), reply)])

    async def typing_in(self, channels: Sequence[str]) -> list[TypingList]:
        """Who types in each channel."""
        return msgspec.convert(await self._of_channels("lists", channels), list[TypingList])

    async def _of_channels(self, operation: str, channels: Sequence[str]) -> list[Any]:
        parts: dict[int, list[str]] = {}
        for channel in dict.fromkeys(channels):
            parts.setdefault(self.partition_of(channel), []).append(channel)
        answers = await asyncio.gather(
            *(self._submit_to(partition, (operation, part)) for partition, part in parts.items())
        )
        return [entry for _, found in answers for entry in found]

    async def rolls(self, channels: Sequence[str]) -> list[Roll]:
        """Who is in each channel, in any order; with members where they are listed."""
        lists = await self._of_channels("rolls", channels)
        rolls = msgspec.convert(lists, list[Roll])
        return [
            roll if roll.members is None else replace(roll, members=by_bytes(roll.members)) for roll in rolls
        ]

    async def changed_since(self, partition: int, position: int) -> tuple[str, frozenset[str] | None]:
        """The incarnation, and whose records changed after a position; None where that is not known."""
        reply, names = await self._committers[partition].submit(("changed", position))
        return reply.incarnation, None if names is False else frozenset(names)

    async def positions(self, partitions: Sequence[int]) -> dict[int, tuple[str, int, int]]:
        """Partition → (incarnation, seq, position), read from the store."""
        answers = await asyncio.gather(
            *(self._committers[number].submit(("position",)) for number in partitions)
        )
        return {
            number: (reply.incarnation, reply.seq, reply.position)
            for number, (reply, _) in zip(partitions, answers, strict=True)
        }

    # Interests

    async def keep_interest(
        self, owner: str, users: Sequence[str], channels: Sequence[str], members: Sequence[str]
    ) -> StoredInterest:
        """Keep an interest for more than an hour, under an id that nobody can guess."""
        made, now = interests.new_id(), (users, channels, members)
        _, content = await self._submit(made, ("keep_interest", made, owner, now))
        return interests.stored(made, content)

    async def interest(self, interest_id: str) -> StoredInterest | None:
        """A stored interest, kept for another 80 minutes by this; None where there is none."""
        _, content = await self._submit(interest_id, ("interest", interest_id))
        return None if content is False else interests.stored(interest_id, content)

    async def change_interest(
        self, interest_id: str, owner: str, add: Interest, remove: Interest
    ) -> StoredInterest | None:
        """Remove, then add, and publish what that changed; None where the owner has no such interest.

        Where nothing is different the version stays. Raises Invalid if it would become too long.
        """
        lists = (interests.lists(add), interests.lists(remove), interests.limits(self._settings))
        _, content = await self._submit(interest_id, ("change_interest", interest_id, owner, *lists))
        return interests.changed(interest_id, content, self._settings)

    # Values, kept for a while and published to nobody

    async def put(self, kind: str, name: str, value: bytes, ttl: int) -> None:
        """Keep a value for `ttl` milliseconds, under a word of ours and a name."""
        await self._client.put(keys.value(self.partition_of(name), kind, name), value, ttl)

    async def get(self, kind: str, name: str) -> bytes | None:
        """A value that was put, while it is kept."""
        return await self._client.get(keys.value(self.partition_of(name), kind, name))

    # Users who were disconnected

    async def revoke(self, user: str) -> int:
        """Note that what was issued for a user until now is no longer good; the time of it."""
        now = await self._client.now(keys.REVOKED)
        note = msgspec.msgpack.encode((user, now))
        await self._client.note(keys.REVOKED, now, note, now - keys.REVOKED_KEPT)
        return now

    async def revoked(self, since: int) -> list[tuple[int, str, int]]:
        """Who was disconnected and when, behind its place: places from `since` on, which never go back."""
        notes = await self._client.notes(keys.REVOKED, since)
        return [(place, *msgspec.msgpack.decode(note, type=tuple[str, int])) for place, note in notes]

    # Time

    async def tick(self) -> int:
        """Sweep every partition that no other process has just swept; how many timers were due."""
        due = sum(await asyncio.gather(*(self._sweep(number) for number in range(self.partitions))))
        await self._recall()
        return due

    async def _recall(self) -> None:
        """Where a partition has another incarnation, its channels may have lost who is in them: tell all."""
        known = msgspec.msgpack.encode(sorted(self._incarnations.items()))
        digest = blake2b(known, digest_size=8).hexdigest()
        if digest == self._recalled:
            return
        await asyncio.gather(
            *(self._submit_to(number, ("recall", digest)) for number in range(self.partitions))
        )
        self._recalled = digest

    async def _sweep(self, partition: int) -> int:
        gap = self._settings.sweep // 2
        total = 0
        while True:
            swept: int
            _, (swept, more) = await self._committers[partition].submit(("tick", gap))
            total += swept
            if not more:
                return total
            gap = 0

    async def settle(self, partition: int, incarnation: str) -> None:
        """Say that this incarnation began under a process that knew another."""
        await self._committers[partition].submit(("settle", incarnation, self._settings.settling))

    def _submit(self, name: str, operation: Operation) -> asyncio.Future[tuple[Reply, Any]]:
        return self._submit_to(self.partition_of(name), operation)

    def _submit_to(self, partition: int, operation: Operation) -> asyncio.Future[tuple[Reply, Any]]:
        return self._committers[partition].submit(operation)

    async def _call(self, partition: int, operations: Sequence[Operation]) -> Reply:
        now = b"" if self._clock is None else str(self._clock()).encode()
        answer = await self._client.run(
            keys.script_keys(partition),
            now,
            self._rules[partition],
            os.urandom(8).hex().encode(),
            packed_operations(operations),
        )
        reply = msgspec.msgpack.decode(answer, type=Reply)
        self._incarnations[partition] = reply.incarnation
        if reply.owing:
            self._outboxes[partition].wake()
        return reply


def _seq(seq: int | None) -> int:
    return -1 if seq is None else seq


def _answer(reply: Reply, result: Any) -> Answer:
    if isinstance(result, str):
        return Answer(status=result, stale=False, seq=None, time=reply.now)
    if result is True:
        return Answer(status="", stale=False, seq=None, time=reply.now)
    status, newer = result
    stale = newer is not False
    return Answer(status=status, stale=stale, seq=newer if stale else None, time=reply.now)


def _reading(records: list[Record], replies: Sequence[tuple[int, Reply]]) -> Reading:
    positions: dict[int, tuple[str, int]] = {}
    for partition, reply in replies:
        known = positions.get(partition)
        if known is None or reply.position < known[1]:
            positions[partition] = (reply.incarnation, reply.position)
    return Reading(
        records=records,
        time=max((reply.now for _, reply in replies), default=0),
        positions=positions,
        settling={partition: reply.settling for partition, reply in replies if reply.settling},
    )
