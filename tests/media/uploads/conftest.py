"""A port per test, and a camera that it knows."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.media.uploads.rig import IMEI, Rig, rig_in


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with rig_in(tmp_path) as found:
        await found.know(IMEI)
        yield found
