"""Blobs in a directory: on the disk before the put is done, and the file left alone when it cannot be."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from wayside.engines.blobs import DirectoryBlobs
from wayside.engines.blobs import directory as module
from wayside.model.errors import NotFound, StoreUnavailable

KEY = "ab" * 16


@pytest.fixture
def blobs(tmp_path: Path) -> DirectoryBlobs:
    blobs = DirectoryBlobs(tmp_path / "media" / "blobs")
    blobs.open()
    return blobs


async def test_bytes_and_every_new_name_reach_the_disk_in_order(
    blobs: DirectoryBlobs, part: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    real_sync, real_replace = os.fsync, Path.replace

    def fsync(descriptor: int) -> None:
        steps.append(f"sync {Path(f'/proc/self/fd/{descriptor}').readlink().name}")
        real_sync(descriptor)

    def replace(self: Path, target: Path) -> Path:
        steps.append(f"rename {self.name} {target.name}")
        return real_replace(self, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", replace)
    await blobs.put(KEY, part)
    assert steps == ["sync x.part", "sync blobs", f"rename x.part {KEY}", "sync ab"]
    assert blobs.local(KEY) is not None


def failing(after: int) -> Callable[[Path], None]:
    """Syncs, until the disk does not any more."""
    left = [after]

    def sync(path: Path) -> None:
        if not left[0]:
            raise OSError(28, "No space left on device")
        left[0] -= 1

    return sync


@pytest.mark.parametrize("after", [0, 1, 2])
async def test_a_disk_that_fails_leaves_the_file_as_it_was(
    blobs: DirectoryBlobs, part: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    monkeypatch.setattr(module, "_sync", failing(after))
    with pytest.raises(StoreUnavailable, match="No space left"):
        await blobs.put(KEY, part)
    assert sorted(one.name for one in part.parent.iterdir()) == ["media", "x.part"]
    with pytest.raises(NotFound):
        await anext(blobs.read(KEY))


async def test_a_folder_that_is_gone_is_told(blobs: DirectoryBlobs, part: Path) -> None:
    path = blobs.local(KEY)
    assert path is not None
    path.parent.parent.rmdir()
    assert "No such file" in str(await blobs.healthy())
