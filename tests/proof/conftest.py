"""A world per test: nothing runs in it yet."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.proof.world import World, world_in


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with world_in(tmp_path) as found:
        yield found
