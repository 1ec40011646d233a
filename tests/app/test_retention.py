"""Pruning goes in slices until nothing is left, and a sick store does not end it."""

import asyncio
from typing import cast

import pytest

from wayside.app import retention
from wayside.app.settings import RetentionSettings
from wayside.model.errors import StoreUnavailable
from wayside.ports.store import Retention, Store


class Shelf:
    """A store that has so many slices to prune, and fails when told."""

    def __init__(self, *slices: int | Exception) -> None:
        self.slices = list(slices)
        self.asked: list[Retention] = []

    async def prune(self, wanted: Retention, now: int) -> int:
        self.asked.append(wanted)
        found = self.slices.pop(0) if self.slices else 0
        if isinstance(found, Exception):
            raise found
        return found


def as_store(shelf: Shelf) -> Store:
    return cast("Store", shelf)


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "SLICE_PAUSE_S", 0)
    monkeypatch.setattr(retention, "ROUND_EVERY_S", 0)


def test_days_become_seconds() -> None:
    settings = RetentionSettings(frames_age_days=0.5, log_bytes=5_000_000)
    assert retention.retention_of(settings) == Retention(frames_age_s=43_200, log_bytes=5_000_000)


async def test_a_round_goes_on_until_nothing_is_left() -> None:
    shelf = Shelf(10, 10, 3)
    wanted = Retention(events_age_s=1)
    assert await retention.prune_round(as_store(shelf), wanted) == 23
    assert shelf.asked == [wanted] * 4


async def test_a_failing_store_is_tried_again() -> None:
    shelf = Shelf(StoreUnavailable("disk full"), 5)
    task = asyncio.create_task(retention.prune_forever(as_store(shelf), Retention(events_age_s=1)))
    async with asyncio.timeout(10):
        while len(shelf.asked) < 3:  # noqa: ASYNC110 - the fake only counts
            await asyncio.sleep(0)
    task.cancel()
    assert not shelf.slices


async def test_without_limits_nothing_is_asked() -> None:
    shelf = Shelf(5)
    await retention.prune_forever(as_store(shelf), Retention())
    assert not shelf.asked
