"""An API against fakes, as in ``tests/api``; and a whole server, the same for all tests of a file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.fakes import World
from tests.security.victim import Victim, attacked


@pytest.fixture
async def world(tmp_path: Path) -> World:
    return await World(tmp_path / "firmware").open()


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victim]:
    with attacked(tmp_path_factory.mktemp("victim")) as victim:
        yield victim
