"""One process has the folder; the next one hears why it may not."""

from pathlib import Path

import pytest

from tests.store.samples import append, report
from wayside.engines.embedded import EmbeddedStore
from wayside.model.errors import ConfigError


async def test_a_folder_is_used_once_at_a_time(tmp_path: Path) -> None:
    first, second = EmbeddedStore(tmp_path / "new" / "data"), EmbeddedStore(tmp_path / "new" / "data")
    await first.open()
    with pytest.raises(ConfigError, match="another process is using it"):
        await second.open()
    await append(first, report())
    await first.close()
    await second.open()
    await second.close()


async def test_a_folder_that_cannot_be_one(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="data folder"):
        await EmbeddedStore(tmp_path / "file").open()
