"""An API against fakes, as in ``tests/api``."""

from pathlib import Path

import pytest

from tests.api.fakes import World


@pytest.fixture
async def world(tmp_path: Path) -> World:
    return await World(tmp_path / "firmware").open()
