"""The shelf: a blob before its record, a record gone before its blob, and nothing lost between the two."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from wayside.engines.blobs import DirectoryBlobs
from wayside.engines.embedded import EmbeddedStore
from wayside.media.shelf import Shelf
from wayside.media.thumbnails import Thumbnails
from wayside.model.errors import NotFound, StoreUnavailable
from wayside.model.instant import SECOND
from wayside.ports.media import Kept, MediaFile, MediaKind, MediaQuery
from wayside.ports.store import DeviceRecord, DeviceStatus

DEVICE = "jimi:353376110008882"
START = 1_700_000_000 * SECOND


def media(number: int, content: bytes, device: str = DEVICE) -> MediaFile:
    digest = hashlib.sha256(content).hexdigest()
    return MediaFile(
        f"{number:032x}",
        device,
        f"{number}.jpg",
        MediaKind.PICTURE,
        "image/jpeg",
        len(content),
        digest,
        digest[:32],
        START + number * SECOND,
    )


class Bench:
    """A shelf with all that it stands on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = EmbeddedStore(folder / "store")
        self.blobs = DirectoryBlobs(folder / "blobs")
        self.shelf = Shelf(
            self.store, self.blobs, folder / "incoming", Thumbnails(folder / "thumbnails", self.blobs)
        )

    async def open(self) -> None:
        await self.store.open()
        self.blobs.open()
        self.shelf.open()
        await self.store.put_device(DeviceRecord(DEVICE, "jimi", DeviceStatus.ACCEPTED, START))

    def part(self, content: bytes) -> Path:
        path = self.shelf.incoming / "x.part"
        path.write_bytes(content)
        return path

    async def keep(self, number: int, content: bytes, name: str | None = None) -> Kept:
        file = media(number, content)
        return await self.shelf.keep(
            self.part(content), msgspec.structs.replace(file, name=name or file.name)
        )

    async def content(self, file: MediaFile) -> bytes:
        return b"".join([piece async for piece in self.shelf.read(file)])

    async def blob_ids(self) -> list[int]:
        return sorted(int(path.name, 16) for path in self.folder.glob("blobs/??/*"))

    async def record_ids(self) -> list[int]:
        return sorted(int(file.id, 16) for file in (await self.store.files(MediaQuery())).items)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    bench = Bench(tmp_path)
    await bench.open()
    yield bench
    await bench.store.close()


async def test_a_file_is_kept_with_its_record(bench: Bench) -> None:
    kept = await bench.keep(1, b"content")
    assert kept == Kept(media(1, b"content"), fresh=True)
    assert await bench.content(kept.file) == b"content"
    assert list(bench.shelf.incoming.iterdir()) == []


async def test_the_same_bytes_again_leave_no_second_blob(bench: Bench) -> None:
    first = await bench.keep(1, b"content", "a.jpg")
    assert await bench.keep(2, b"content", "a.jpg") == Kept(first.file, fresh=False)
    assert (await bench.record_ids(), await bench.blob_ids()) == ([1], [1])


@pytest.mark.parametrize("gone_first", [0, 1, 2])
async def test_the_same_bytes_under_other_names_share_a_blob_that_the_last_one_takes_along(
    bench: Bench, gone_first: int
) -> None:
    files = [(await bench.keep(number, b"content")).file for number in (1, 2, 3)]
    assert (await bench.record_ids(), await bench.blob_ids()) == ([1, 2, 3], [1])
    first, second, last = files[gone_first:] + files[:gone_first]
    assert await bench.shelf.remove(first.id)
    assert await bench.store.forget_file(second.id)  # as retention does
    assert await bench.shelf.clear() == 0
    assert (await bench.blob_ids(), await bench.content(last)) == ([1], b"content")
    assert await bench.shelf.remove(last.id)
    assert (await bench.record_ids(), await bench.blob_ids()) == ([], [])
    assert await bench.store.orphans(10) == []


async def test_pruning_spares_the_bytes_of_a_younger_name(bench: Bench) -> None:
    await bench.keep(1, b"content")
    younger = (await bench.keep(5, b"content")).file
    assert await bench.shelf.prune(START + 10 * SECOND, 7, None) == 1
    await bench.shelf.clear()
    assert (await bench.record_ids(), await bench.content(younger)) == ([5], b"content")


async def test_a_file_of_no_device_leaves_nothing(bench: Bench) -> None:
    part = bench.part(b"content")
    with pytest.raises(NotFound):
        await bench.shelf.keep(part, media(1, b"content", "jimi:000000000000000"))
    await bench.shelf.clear()
    assert await bench.blob_ids() == []
    assert list(bench.shelf.incoming.iterdir()) == []


async def test_a_store_that_fails_keeps_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(file: MediaFile) -> Kept:
        raise StoreUnavailable("disk full")

    monkeypatch.setattr(bench.store, "keep_file", fail)
    with pytest.raises(StoreUnavailable):
        await bench.keep(1, b"content")
    assert await bench.shelf.clear() == 1
    assert (await bench.record_ids(), await bench.blob_ids()) == ([], [])


async def test_a_record_that_was_written_all_the_same_keeps_its_blob(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = bench.store.keep_file

    async def fail_late(file: MediaFile) -> Kept:
        await real(file)
        raise StoreUnavailable("who knows")

    monkeypatch.setattr(bench.store, "keep_file", fail_late)
    with pytest.raises(StoreUnavailable):
        await bench.keep(1, b"content")
    assert await bench.shelf.clear() == 0
    assert await bench.content(media(1, b"content")) == b"content"


async def test_removing_takes_record_and_blob(bench: Bench) -> None:
    kept = await bench.keep(1, b"content")
    assert await bench.shelf.remove(kept.file.id)
    assert not await bench.shelf.remove(kept.file.id)
    assert (await bench.record_ids(), await bench.blob_ids()) == ([], [])
    assert await bench.store.orphans(10) == []


async def test_a_blob_that_cannot_be_removed_now_is_removed_later(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = await bench.keep(1, b"content")

    async def fail(key: str) -> None:
        raise StoreUnavailable("not now")

    with monkeypatch.context() as now:
        now.setattr(bench.blobs, "delete", fail)
        assert await bench.shelf.remove(kept.file.id)
        assert await bench.shelf.clear() == 0
    assert (await bench.record_ids(), await bench.blob_ids()) == ([], [1])
    assert await bench.shelf.clear() == 1
    assert await bench.blob_ids() == []


async def test_a_deleted_device_loses_its_blobs_after_its_records(bench: Bench) -> None:
    for number in range(3):
        await bench.keep(number, bytes([number]))
    await bench.store.delete_device(DEVICE)
    assert await bench.record_ids() == []
    for _ in range(500):
        if await bench.shelf.clear() == 0 and await bench.blob_ids() == []:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("its blobs are still there")


async def test_pruning_goes_by_age_and_by_share(bench: Bench) -> None:
    for number in range(6):
        await bench.keep(number, bytes([number]) * 10)
    now = START + 10 * SECOND
    assert await bench.shelf.prune(now, 9, None) == 1
    assert await bench.shelf.prune(now, 9, 30) == 2
    assert await bench.shelf.prune(now, 9, 30) == 0
    assert await bench.record_ids() == [3, 4, 5]
    assert await bench.blob_ids() == [0, 1, 2, 3, 4, 5], "after the records"
    assert await bench.shelf.clear() == 3
    assert await bench.blob_ids() == [3, 4, 5]


async def test_what_a_crash_left_is_removed_and_nothing_that_is_not_ours(
    bench: Bench, tmp_path: Path
) -> None:
    await bench.keep(1, b"kept")
    for lost in (16, 17):
        await bench.store.expect_blob(f"{lost:032x}")
        await bench.blobs.put(f"{lost:032x}", bench.part(b"x"))
    await bench.store.expect_blob(f"{18:032x}")
    await bench.blobs.put(f"{255:032x}", bench.part(b"another server's"))
    bench.part(b"half")
    await bench.store.close()

    after = Bench(tmp_path)
    await after.open()
    assert list(after.shelf.incoming.iterdir()) == []
    assert await after.shelf.clear() == 3
    assert await after.shelf.clear() == 0
    assert (await after.record_ids(), await after.blob_ids()) == ([1], [1, 255])
    await after.store.close()


@pytest.mark.parametrize("held_at", ["expect_blob", "keep_file"])
@pytest.mark.parametrize("begins", ["before", "meanwhile"])
async def test_what_is_just_arriving_is_left_alone(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, held_at: str, begins: str
) -> None:
    """Its blob is there and its record is not, just as after a crash; also when the answer is old before it is read."""
    arrived, may_go_on = asyncio.Event(), asyncio.Event()
    real, real_orphans = getattr(bench.store, held_at), bench.store.orphans
    arriving: list[asyncio.Task[Kept]] = []

    async def slow(subject: object) -> object:
        first = await real(subject) if held_at == "expect_blob" else None
        arrived.set()
        await may_go_on.wait()
        return first if held_at == "expect_blob" else await real(subject)

    async def orphans(limit: int) -> list[str]:
        if begins == "meanwhile":
            arriving.append(asyncio.create_task(bench.keep(1, b"content")))
            await arrived.wait()
        noted = await real_orphans(limit)
        assert noted == [media(1, b"").id]
        may_go_on.set()
        await arriving[0]
        return noted

    monkeypatch.setattr(bench.store, held_at, slow)
    monkeypatch.setattr(bench.store, "orphans", orphans)
    if begins == "before":
        arriving.append(asyncio.create_task(bench.keep(1, b"content")))
        await arrived.wait()
    assert await bench.shelf.clear() == 0
    assert await bench.content(media(1, b"content")) == b"content"
    assert await bench.record_ids() == [1]
