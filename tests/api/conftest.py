"""An API against fakes, and a client with an administrator's token."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from litestar.testing import AsyncTestClient

from tests.api.fakes import Client, World


@pytest.fixture
async def world(tmp_path: Path) -> World:
    return await World(tmp_path / "firmware").open()


@pytest.fixture
async def client(world: World) -> AsyncIterator[Client]:
    async with AsyncTestClient(world.app(), raise_server_exceptions=False) as client:
        client.headers.update(world.headers())
        yield client
