"""The fan-out of one process, whose bus is heard."""

from __future__ import annotations

import pytest

from tests.fanout.world import World


@pytest.fixture
async def world() -> World:
    world = World()
    world.begin()
    return world
