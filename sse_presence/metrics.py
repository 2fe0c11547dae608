"""What operators watch, in the text format of Prometheus.

Parts count what they do in plain numbers of their own, so that counting costs a stream nothing; here they are
named, and read when somebody asks. No figure is about one user. Every process answers for itself, under its
own `pid`.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from sse_presence.fanout.hub import Hub
from sse_presence.fanout.mender import Mender
from sse_presence.fanout.subscription import Desk
from sse_presence.store.client import Client
from sse_presence.store.sweeper import Sweeper

MEDIA_TYPE = CONTENT_TYPE_LATEST

_LOOK = 0.25
"""Seconds between two looks at how late the event loop is."""

_LATE = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5)


class Figure(NamedTuple):
    """One number, or several that a label tells apart."""

    kind: type[CounterMetricFamily | GaugeMetricFamily]
    name: str
    says: str
    read: Callable[[], float | Mapping[tuple[str, ...], float]]
    labels: tuple[str, ...] = ()

    def collect(self) -> Metric:
        """It as it is now."""
        family = self.kind(f"sse_presence_{self.name}", self.says, labels=self.labels)
        value = self.read()
        for labels, number in (value if isinstance(value, Mapping) else {(): value}).items():
            family.add_metric(labels, number)
        return family


Signals = Counter[tuple[str, ...]]
"""How often each (kind, status code) was answered."""


def figures(
    desk: Desk, hub: Hub, mender: Mender, sweeper: Sweeper, client: Client, signals: Signals
) -> list[Figure]:
    """What the parts of a service counted."""
    counter, gauge = CounterMetricFamily, GaugeMetricFamily
    return [
        Figure(gauge, "streams", "Streams open now.", lambda: len(hub.register.streams)),
        Figure(
            counter,
            "streams_ended",
            "Streams by why they ended; limit, overload and shutdown also where they were not let in.",
            lambda: {(reason,): count for reason, count in desk.ended.items()},
            ("reason",),
        ),
        Figure(counter, "events_sent", "Events sent to streams.", lambda: hub.frames),
        Figure(counter, "bytes_sent", "Bytes of events sent to streams.", lambda: hub.bytes),
        Figure(counter, "signals", "Signals by kind and status code.", lambda: signals, ("kind", "code")),
        Figure(counter, "gaps", "Times that a partition's bus lost something.", lambda: mender.gaps),
        Figure(
            counter, "repairs", "Times that a partition was whole again after it.", lambda: mender.repairs
        ),
        Figure(
            counter,
            "stores_replaced",
            "Times that a partition came back as another store's, which may lack what it knew.",
            lambda: mender.replaced,
        ),
        Figure(
            counter, "store_failures", "Commands that the store did not answer well.", lambda: client.failures
        ),
        Figure(
            gauge,
            "sweep_lag_seconds",
            "By how much the sweep that waits longest is overdue, whichever process does it.",
            lambda: sweeper.lag,
        ),
    ]


class Metrics(Collector):
    """All figures of one service. `run` measures how late its event loop is."""

    def __init__(self, figures: Iterable[Figure]) -> None:
        self._figures = tuple(figures)
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)
        self._lag = Histogram(
            "sse_presence_loop_lag_seconds",
            "How late the event loop did what was due.",
            buckets=_LATE,
            registry=self._registry,
        )

    async def run(self) -> None:
        """Measure until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _LOOK
            await asyncio.sleep(_LOOK)
            self._lag.observe(max(0.0, loop.time() - due))

    def collect(self) -> Iterable[Metric]:
        """The figures as they are now."""
        return [figure.collect() for figure in self._figures]

    def text(self) -> bytes:
        """All that is known, as `MEDIA_TYPE`."""
        return generate_latest(_OfProcess(self._registry))


class _OfProcess(Collector):
    """The figures of a registry, each with the process that they are of."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterable[Metric]:
        """The figures as they are now."""
        pid = {"pid": str(os.getpid())}
        for family in self._registry.collect():
            family.samples = [sample._replace(labels=sample.labels | pid) for sample in family.samples]
            yield family
