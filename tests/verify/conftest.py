"""A run with six open streams, told for one worker and for several."""

from __future__ import annotations

import pytest

from tests.verify.verify_world import ALL, World


@pytest.fixture(params=[1, 2, 3], ids=lambda k: f"{k} workers")
def world(request: pytest.FixtureRequest) -> World:
    world = World(workers=request.param)
    world.open(*ALL)
    return world
