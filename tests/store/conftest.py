"""The engines that have to keep the contract, each empty at the start of a test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.store.samples import Shelf
from wayside.engines.embedded import EmbeddedStore, ledger, log, media, rentals, retention, side_index
from wayside.ports.store import Store


class EmbeddedShelf:
    """A folder; one store at a time has it open."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._opened: list[EmbeddedStore] = []

    async def open(self) -> Store:
        store = EmbeddedStore(self._folder)
        await store.open()
        self._opened.append(store)
        return store

    async def settle(self, store: Store) -> None:
        assert isinstance(store, EmbeddedStore)
        assert store._parts is not None
        files, writer = store._parts.files, store._parts.writer
        while await writer.submit(lambda db: files.upkeep.index.catch_up(db, files.ledger.last_id)):
            pass
        while await writer.submit(files.upkeep.step):
            pass

    async def close(self) -> None:
        for store in self._opened:
            await store.close()


# The second has rounds, slices, shapes and allowances of a few, so that short tests come past every border.
@pytest.fixture(params=["embedded", "embedded in small steps"])
async def shelf(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Shelf]:
    if request.param == "embedded in small steps":
        monkeypatch.setattr(side_index, "ROUND_ROWS", 11)
        monkeypatch.setattr(side_index, "SLICE_ROWS", 3)
        monkeypatch.setattr(side_index, "ROUND_ROWS_MIN", 1)
        monkeypatch.setattr(side_index, "ROUND_EVERY_S", 0.0)
        monkeypatch.setattr(log, "SCAN_ROWS", 4)
        monkeypatch.setattr(rentals, "SCAN_RENTALS", 2)
        monkeypatch.setattr(media, "SCAN_FILES", 2)
        monkeypatch.setattr(retention, "SLICE_ROWS", 3)
        monkeypatch.setattr(ledger, "SHAPES_MAX", 2)
    shelf = EmbeddedShelf(tmp_path / "data")
    yield shelf
    await shelf.close()


@pytest.fixture
async def store(shelf: Shelf) -> Store:
    return await shelf.open()
