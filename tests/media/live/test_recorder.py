"""Recordings: MP4 files that are whole when anybody sees them."""

import asyncio
import hashlib
import itertools
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.media.live.films import AVC, DEVICE, METADATA, ROAD, World, frame, key_frame, tags
from tests.media.live.serving import needs
from tests.media.live.talking import CAPTURE, HEVC, hear, new
from wayside.media.live import recorder
from wayside.media.live.publisher import Media
from wayside.media.live.recorder import Finished, Recordings
from wayside.media.live.recordings import recordings_on
from wayside.media.live.streams import Key
from wayside.model.errors import StoreUnavailable
from wayside.ports.live import LiveRequest
from wayside.ports.media import Kept, MediaFile, MediaKind, Origin

FILMED = [one for one in hear(new(), CAPTURE.read_bytes()) if isinstance(one, Media)]
"""What ffmpeg sent: ten pictures with a key frame every five, and sound."""


class Keeper:
    """Takes finished recordings over; ``broken``: it cannot."""

    def __init__(self, folder: Path, *, file_s: float = 600, file_bytes: int = 1 << 30) -> None:
        self.folder = folder
        self.done: list[Finished] = []
        self.broken = False
        numbers = itertools.count()
        self.recordings = Recordings(
            lambda: folder / f"{next(numbers)}.part", self._keep, lambda: 1_000_000, file_s, file_bytes
        )

    async def _keep(self, done: Finished) -> None:
        if self.broken:
            done.file.unlink()
            raise StoreUnavailable("full")
        self.done.append(done)


async def filmed(kept: Keeper, *media: Media) -> World:
    """A stream that somebody wanted recorded, over."""
    world = World(recordings=kept.recordings)
    await world.live.start(LiveRequest(DEVICE, "0", "anna", 5, record=True))
    publication = world.publish(ROAD, *media)
    tasks = list(world.live._finishing)
    publication.over()
    await asyncio.gather(*tasks)
    return world


def left(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def boxes(data: bytes) -> dict[bytes, bytes]:
    """The boxes on this level, read by hand from 14496-12."""
    found = {}
    while data:
        size, name, begin = int.from_bytes(data[:4]), data[4:8], 8
        if size == 1:
            size, begin = int.from_bytes(data[8:16]), 16
        found[name] = data[begin:size]
        data = data[size:]
    return found


def probed(file: Path) -> dict[str, Any]:
    command = [
        "ffprobe",
        "-v",
        "error",
        "-count_frames",
        "-show_streams",
        "-show_format",
        "-of",
        "json",
        str(file),
    ]
    run = subprocess.run(command, capture_output=True, check=True)
    assert run.stderr == b""
    found: dict[str, Any] = msgspec.json.decode(run.stdout)
    return found


@needs("ffprobe")
async def test_what_ffmpeg_published_ffmpeg_reads_back(tmp_path: Path) -> None:
    kept = Keeper(tmp_path)
    await filmed(kept, *FILMED)
    (done,) = kept.done
    found = await asyncio.to_thread(probed, done.file)
    video, audio = found["streams"]
    assert (video["codec_name"], video["width"], video["height"]) == ("h264", 64, 48)
    assert (video["nb_read_frames"], video["avg_frame_rate"]) == ("10", "10/1")
    assert (audio["codec_name"], audio["sample_rate"]) == ("aac", "8000")
    assert int(audio["nb_read_frames"]) >= 7
    assert 0.9 < float(found["format"]["duration"]) < 1.2


@needs("ffprobe")
async def test_h265_is_kept_as_it_came(tmp_path: Path) -> None:
    kept = Keeper(tmp_path)
    published = [Media(kind, at, payload) for kind, at, payload in tags(HEVC.read_bytes()[13:], headed=False)]
    world = await filmed(kept, *published)
    (done,) = kept.done
    (video,) = (await asyncio.to_thread(probed, done.file))["streams"]
    assert (video["codec_name"], video["codec_tag_string"], video["nb_read_frames"]) == ("hevc", "hvc1", "10")
    assert (video["width"], video["height"]) == (64, 48)
    assert world.hub.stats.nonsense == 0


async def test_a_file_is_whole_hashed_and_made_of_these_samples(tmp_path: Path) -> None:
    kept = Keeper(tmp_path)
    await filmed(kept, METADATA, AVC, frame(0), key_frame(40, b"first"), frame(80, b"second"))
    (done,) = kept.done
    data = done.file.read_bytes()
    assert done.size == len(data)
    assert done.sha256 == hashlib.sha256(data).hexdigest()
    assert done.md5 == hashlib.md5(data, usedforsecurity=False).hexdigest()
    top = boxes(data)
    assert list(top) == [b"ftyp", b"mdat", b"moov"]
    # The picture before the first key frame cannot be shown, so it is not there.
    assert top[b"mdat"] == b"firstsecond"
    assert list(boxes(top[b"moov"])) == [b"mvhd", b"trak"]


async def test_files_are_cut_at_key_frames(tmp_path: Path) -> None:
    kept = Keeper(tmp_path, file_s=1.0)
    pictures = [
        frame(at, b"f%04d" % at) if at % 400 else key_frame(at, b"k%04d" % at) for at in range(0, 2400, 100)
    ]
    await filmed(kept, AVC, *pictures)
    contents = [boxes(done.file.read_bytes())[b"mdat"] for done in kept.done]
    assert [content[:5] for content in contents] == [b"k0000", b"k1200"]
    assert b"".join(contents) == b"".join(picture.payload[5:] for picture in pictures)
    by_size = Keeper(tmp_path / "b", file_bytes=20)
    by_size.folder.mkdir()
    await filmed(by_size, AVC, *pictures)
    assert [boxes(done.file.read_bytes())[b"mdat"][:5] for done in by_size.done][:3] == [
        b"k0000",
        b"k0400",
        b"k0800",
    ]


async def test_another_size_of_picture_begins_another_file(tmp_path: Path) -> None:
    kept = Keeper(tmp_path)
    other = Media(9, 80, b"\x17\0\0\0\0another")
    await filmed(
        kept, AVC, key_frame(0, b"a"), AVC, frame(40, b"b"), other, frame(80, b"c"), key_frame(120, b"d")
    )
    assert [boxes(done.file.read_bytes())[b"mdat"] for done in kept.done] == [b"ab", b"d"]


@pytest.mark.parametrize(
    "header", [Media(9, 0, b"\x90av01config"), Media(8, 0, b"\xaf\0\x15\x88")], ids=["av1", "sound only"]
)
async def test_what_does_not_fit_is_said_and_leaves_nothing(tmp_path: Path, header: Media) -> None:
    kept = Keeper(tmp_path)
    await filmed(kept, header, key_frame(0))
    assert kept.done == []
    assert left(tmp_path) == []


async def test_a_store_that_takes_nothing_ends_the_recording_and_not_the_stream(tmp_path: Path) -> None:
    kept = Keeper(tmp_path)
    kept.broken = True
    world = await filmed(kept, AVC, key_frame(0), frame(40))
    assert left(tmp_path) == []
    assert world.cut == []


async def test_a_disk_that_does_not_keep_up_costs_no_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "PENDING_BYTES_MAX", 1000)
    kept = Keeper(tmp_path)
    await filmed(kept, AVC, key_frame(0, bytes(400)), frame(40, bytes(400)), frame(80, bytes(400)))
    (done,) = kept.done
    assert len(boxes(done.file.read_bytes())[b"mdat"]) <= 1200


async def test_a_recording_lasts_as_long_as_it_was_asked_for(tmp_path: Path) -> None:
    world = World(recordings=Keeper(tmp_path).recordings)
    await world.live.start(LiveRequest(DEVICE, "0", "anna", 3, record=True))
    world.publish(ROAD, AVC, key_frame(0))
    await world.pass_s(175)
    assert world.capabilities() == ["live_start"]
    await world.pass_s(10)
    assert world.capabilities() == ["live_start", "live_stop"]
    await asyncio.gather(*world.live._finishing)


class Shelf:
    """What recordings need of the media store."""

    def __init__(self, incoming: Path) -> None:
        self.incoming = incoming
        self.files: list[MediaFile] = []

    async def keep(self, part: Path, file: MediaFile) -> Kept:
        part.unlink()  # noqa: ASYNC240 - an empty file, in a test
        self.files.append(file)
        return Kept(file, fresh=True)


async def test_a_recording_becomes_a_file_of_the_device(tmp_path: Path) -> None:
    shelf: Any = Shelf(tmp_path)
    recordings = recordings_on(shelf, lambda: 1_772_366_400_000_000, 90.0)
    assert recordings.file_s == 90.0
    part = recordings.new_file()
    assert (part.parent, part.suffix) == (tmp_path, ".part")
    await asyncio.to_thread(part.touch)
    await recordings.keep(Finished(Key(DEVICE, "1"), part, 1_772_366_401_000_000, 1, "a" * 64, "b" * 32))
    (file,) = shelf.files
    assert (file.device, file.name) == (DEVICE, "live-1-20260301T120001Z.mp4")
    assert (file.kind, file.content_type, file.origin) == (MediaKind.VIDEO, "video/mp4", Origin.RECORDING)
    assert (file.taken_at, file.channel, len(file.id)) == (1_772_366_401_000_000, "1", 32)
