"""Checks of what streams told, one event after another."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from tests.faults.figures import SETTINGS
from tests.faults.history import ENDED, GIVEN_UP, REFUSED, Connection, History, Violation, Watching
from tests.faults.trouble import Trouble
from tests.faults.view import View

SILENCE = SETTINGS.ping + 3_000
"""Longer silence of a healthy node is one too many."""


def check_order(history: History) -> Iterator[Violation]:
    """No version goes back, nothing unchanged comes twice, each change makes one delta, and the like."""
    for watching in history.watchings:
        view = View(watching.viewer, apart=history.apart)
        for connection in watching.connections:
            view.connect()
            for told in connection.told:
                for promise, about, detail in view.apply(told):
                    yield Violation(promise, told.at, about, f"{watching.name}: {detail}")


def check_connections(history: History, trouble: Trouble) -> Iterator[Violation]:
    """Streams never fall silent, and never end without a goodbye, while their node is well."""
    for watching in history.watchings:
        for connection in watching.connections:
            yield from _silence(watching, connection, trouble)
            yield from _ending(watching, connection, trouble)


def _silence(watching: Watching, connection: Connection, trouble: Trouble) -> Iterator[Violation]:
    moments = [connection.opened, *(told.at for told in connection.told)]
    if connection.closed is not None:
        moments.append(connection.closed)
    for before, after in pairwise(moments):
        if after - before > SILENCE and not trouble.node_disturbed(connection.node, before, after):
            detail = f"{watching.name}: nothing from node {connection.node} for {after - before} ms"
            yield Violation("no silence over the ping", after, "", detail)


def _ending(watching: Watching, connection: Connection, trouble: Trouble) -> Iterator[Violation]:
    if connection.closed is None or connection.ending == GIVEN_UP:
        return
    when = (connection.node, connection.opened, connection.closed)
    said_bye = bool(connection.told) and connection.told[-1].name == "bye"
    refused = connection.ending == REFUSED and trouble.node_disturbed(*when, "node restarted")
    fair = refused or (connection.ending == ENDED and said_bye)
    if not fair and not trouble.node_disturbed(*when, "node killed", "node frozen"):
        detail = f"{watching.name}: node {connection.node} {connection.ending}, bye: {said_bye}"
        yield Violation("no end without goodbye", connection.closed, "", detail)
