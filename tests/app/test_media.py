"""The media store as the settings want it: in a directory or a bucket, tidied, its keys told to nobody."""

import asyncio
import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.s3 import make_bucket, s3_serving
from wayside.app import config, media
from wayside.app.clock import now
from wayside.app.settings import MediaSettings
from wayside.engines.blobs import BucketBlobs, DirectoryBlobs
from wayside.engines.embedded import EmbeddedStore
from wayside.media.shelf import Shelf
from wayside.model.errors import ConfigError, NotFound
from wayside.ports.blobs import Blobs
from wayside.ports.media import MediaFile, MediaKind, MediaQuery
from wayside.ports.store import DeviceRecord, DeviceStatus

DEVICE = "jimi:353376110008882"


class Bench:
    """What the server builds of its settings, without the server."""

    def __init__(self, folder: Path, settings: MediaSettings) -> None:
        self.store = EmbeddedStore(folder)
        directory = media.media_directory(settings, folder)
        self.blobs: Blobs = media.build_blobs(settings, directory)
        self.shelf: Shelf = media.build_shelf(self.store, self.blobs, directory)
        self.settings, self.directory = settings, directory

    async def open(self) -> None:
        await self.store.open()
        media.open_media(self.blobs, self.shelf, self.directory)
        await self.store.put_device(DeviceRecord(DEVICE, "jimi", DeviceStatus.ACCEPTED, now()))

    async def keep(self, number: int, content: bytes) -> MediaFile:
        digest = hashlib.sha256(content).hexdigest()
        part = self.shelf.incoming / f"{number}.part"
        part.write_bytes(content)
        file = MediaFile(
            f"{number:032x}",
            DEVICE,
            "x.jpg",
            MediaKind.PICTURE,
            "image/jpeg",
            len(content),
            digest,
            "",
            now() + number,
        )
        return (await self.shelf.keep(part, file)).file

    async def numbers(self) -> tuple[list[int], list[int]]:
        """Of records and of blobs."""
        records = sorted(int(file.id, 16) for file in (await self.store.files(MediaQuery())).items)
        return records, sorted(int(path.name, 16) for path in self.directory.glob("blobs/??/*"))


async def until(holds: Callable[[], object]) -> None:
    for _ in range(1000):
        if await holds():  # type: ignore[misc] # a coroutine
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never held")


def test_the_directory_is_in_the_data_directory_unless_named(tmp_path: Path) -> None:
    assert media.media_directory(MediaSettings(), tmp_path) == tmp_path / "media"
    elsewhere = media.media_directory(MediaSettings(directory=str(tmp_path / "big disk")), tmp_path)
    assert elsewhere == tmp_path / "big disk"
    assert isinstance(media.build_blobs(MediaSettings(), elsewhere), DirectoryBlobs)
    assert isinstance(media.build_blobs(MediaSettings(s3_bucket="abc"), elsewhere), BucketBlobs)


def test_half_a_pair_of_keys_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="belong together"):
        media.build_blobs(MediaSettings(s3_bucket="abc", s3_access_key="a"), tmp_path)


def test_a_directory_that_cannot_be_made_is_told_with_its_setting(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    bench = Bench(tmp_path, MediaSettings(directory=str(tmp_path / "file" / "media")))
    with pytest.raises(ConfigError, match=r"media\.directory: .*Not a directory"):
        media.open_media(bench.blobs, bench.shelf, bench.directory)


def test_keys_are_shown_to_nobody() -> None:
    environ = {"WAYSIDE_MEDIA_S3_ACCESS_KEY": "AKIA1", "WAYSIDE_MEDIA_S3_SECRET_KEY": "very secret"}
    loaded = config.load({}, environ)
    assert loaded.settings.media.s3_secret_key == "very secret"
    for name in ("media.s3_access_key", "media.s3_secret_key"):
        assert loaded.open_value(name) == config.HIDDEN
    assert config.load({}, {}).open_value("media.s3_secret_key") is None


async def test_what_is_too_old_too_much_or_lost_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media, "ROUND_EVERY_S", 0.01)
    bench = Bench(tmp_path, MediaSettings(device_bytes=1_000_000))
    await bench.open()
    for number in range(1, 4):
        await bench.keep(number, bytes([number]) * 400_000)
    lost = bench.shelf.incoming / "lost.part"
    lost.write_bytes(b"x")
    await bench.store.expect_blob(f"{255:032x}")
    await bench.blobs.put(f"{255:032x}", lost)
    assert await bench.numbers() == ([1, 2, 3], [1, 2, 3, 255])
    task = asyncio.create_task(media.tidy_forever(bench.shelf, bench.settings))

    async def tidied() -> bool:
        return await bench.numbers() == ([2, 3], [2, 3])

    await until(tidied)
    await bench.store.delete_device(DEVICE)

    async def gone() -> bool:
        return await bench.numbers() == ([], [])

    await until(gone)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await bench.store.close()


async def test_all_of_it_in_a_bucket(tmp_path: Path) -> None:
    with s3_serving() as url:
        make_bucket(url, "media")
        settings = MediaSettings(
            s3_bucket="media", s3_endpoint=url, s3_prefix="wayside", s3_access_key="a", s3_secret_key="b"
        )
        bench = Bench(tmp_path, settings)
        await bench.open()
        file = await bench.keep(1, b"content")
        assert await bench.numbers() == ([1], []), "not here"
        assert b"".join([piece async for piece in bench.shelf.read(file, 1, 4)]) == b"ont"
        assert list(bench.directory.rglob("*.*")) == []
        await bench.shelf.remove(file.id)
        with pytest.raises(NotFound):
            await anext(bench.blobs.read(file.id))
        await bench.store.close()
