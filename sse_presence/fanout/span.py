"""The partitions that one interest touches, shared by all streams that touch the same ones."""

from __future__ import annotations

from sse_presence.domain.cursor import incarnations_digest
from sse_presence.fanout.partition import Partition


class Span:
    """What a stream needs to know of its partitions together."""

    __slots__ = ("__weakref__", "_incarnations", "_only", "partitions")

    def __init__(self, partitions: tuple[Partition, ...]) -> None:
        self.partitions = partitions
        self._only = partitions[0] if len(partitions) == 1 else None
        """The usual case, asked several times for every frame."""
        self._incarnations: bytes | None = None

    @property
    def whole(self) -> bool:
        """Whether all of them can be relied on."""
        only = self._only
        if only is not None:
            return only.line.connected and not only.unrepaired
        return all(partition.whole for partition in self.partitions)

    @property
    def since(self) -> int | None:
        """Store time from which on something may be missing."""
        return min((partition.since for partition in self.partitions if not partition.whole), default=None)

    @property
    def position(self) -> int:
        """Store time up to which nothing is missing."""
        if self._only is not None:
            return self._only.position
        return min(partition.position for partition in self.partitions)

    @property
    def incarnations(self) -> bytes:
        """Digest of what cursors are issued under."""
        if self._incarnations is None:
            self._incarnations = incarnations_digest(
                (partition.number, partition.vouched) for partition in self.partitions
            )
        return self._incarnations

    def forget(self) -> None:
        """Another incarnation may be vouched for now."""
        self._incarnations = None

    @property
    def resumable(self) -> bool:
        """Whether a cursor can be honoured: every store is known."""
        return all(partition.line.incarnation for partition in self.partitions)

    def settling(self, now: float) -> int:
        """Milliseconds until all of them are what they are, at loop time `now`; 0 in the normal case."""
        ends = [partition.settles_at for partition in self.partitions if partition.settles_at is not None]
        return max(1, round((max(ends) - now) * 1000)) if ends else 0
