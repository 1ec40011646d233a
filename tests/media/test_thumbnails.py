"""Thumbnails: what shows something is shown small; what is meant to hurt hurts a process that has nothing."""

import asyncio
import hashlib
import signal
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from tests.media.pictures import clip, decoded, still
from wayside.engines.blobs import DirectoryBlobs
from wayside.media import thumbnails
from wayside.media.thumbnails import Thumbnails
from wayside.model.errors import NotFound
from wayside.ports.media import MediaFile, MediaKind


def media(content: bytes, content_type: str) -> MediaFile:
    digest = hashlib.sha256(content).hexdigest()
    return MediaFile(
        digest[:32], "jimi:1", "x", MediaKind.PICTURE, content_type, len(content), digest, digest[:32], 1
    )


class Bench:
    """Blobs with thumbnails."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.blobs = DirectoryBlobs(folder / "blobs")
        self.blobs.open()
        self.made = 0
        self.reopen()

    def reopen(self, cache_bytes: int = 1_000_000) -> None:
        self.thumbnails = Thumbnails(self.folder / "thumbnails", self.blobs, cache_bytes=cache_bytes)
        self.thumbnails.open()

    async def put(self, content: bytes, content_type: str = "image/jpeg") -> MediaFile:
        file, part = media(content, content_type), self.folder / "x.part"
        part.write_bytes(content)
        await self.blobs.put(file.id, part)
        return file

    async def of(self, content: bytes, content_type: str = "image/jpeg") -> bytes:
        return await self.thumbnails.of(await self.put(content, content_type))


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    bench = Bench(tmp_path)
    real = thumbnails.decoded

    async def counted(*arguments: object) -> bytes | None:
        bench.made += 1
        return await real(*arguments)  # type: ignore[arg-type] # handed through

    monkeypatch.setattr(thumbnails, "decoded", counted)
    return bench


CASES = {
    "jpeg": (still(1600, 1200), "image/jpeg", (480, 360)),
    "upright": (still(300, 1200), "image/jpeg", (120, 480)),
    "small": (still(64, 48), "image/jpeg", (64, 48)),
    "a line": (still(1600, 2), "image/jpeg", (480, 1)),
    "png": (still(960, 480, "png"), "image/png", (480, 240)),
    "mp4": (clip("mp4", 640, 360), "video/mp4", (480, 270)),
    "ts": (clip("mpegts", 640, 360), "video/mp2t", (480, 270)),
    "flv": (clip("flv", 640, 360), "video/x-flv", (480, 270)),
    "avi": (clip("avi", 640, 360), "video/x-msvideo", (480, 270)),
}


@pytest.mark.parametrize("case", CASES)
async def test_what_shows_something_is_shown_small(bench: Bench, case: str) -> None:
    content, content_type, size = CASES[case]
    picture = decoded(await bench.of(content, content_type))
    assert (picture.width, picture.height) == size
    grey = picture.reformat(format="gray").planes[0]
    middle = bytes(grey)[grey.line_size * (picture.height // 2) :]
    assert middle[picture.width // 4] > 200
    assert middle[picture.width * 3 // 4] < 50


def png_chunk(kind: bytes, content: bytes) -> bytes:
    checked = kind + content
    return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))


def png_bomb(width: int, height: int) -> bytes:
    """Says that it is huge, in a few kilobytes."""
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    lines = zlib.compress(bytes(1_000_000))
    chunks = png_chunk(b"IHDR", header) + png_chunk(b"IDAT", lines) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


HOSTILE = {
    "nothing": (b"", "image/jpeg"),
    "noise": (bytes(range(256)) * 100, "image/jpeg"),
    "noise as a clip": (bytes(range(256)) * 100, "video/mp4"),
    "a page": (b"<html><script>alert(1)</script>", "image/jpeg"),
    "a playlist": (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "video/mp4"),
    "a list of files": (b"ffconcat version 1.0\nfile /etc/passwd\n", "video/mp2t"),
    "a huge picture": (png_bomb(60_000, 60_000), "image/png"),
    "a picture of another kind": (still(64, 48, "png"), "image/jpeg"),
    "an archive": (b"PK\x03\x04" + bytes(1000), "image/jpeg"),
    "half a clip": (clip("mp4")[:600], "video/mp4"),
}


@pytest.mark.parametrize("case", HOSTILE)
async def test_what_shows_nothing_is_said_to(bench: Bench, case: str) -> None:
    for _ in range(2):
        with pytest.raises(NotFound, match="nothing that could be decoded"):
            await bench.of(*HOSTILE[case])
    assert bench.made == 1, "a broken file is looked at once"


async def test_other_kinds_of_files_are_not_looked_at(bench: Bench) -> None:
    for content_type in ("audio/wav", "text/html", "application/octet-stream", ""):
        with pytest.raises(NotFound, match="no thumbnails of"):
            await bench.of(still(), content_type)
    assert bench.made == 0


async def test_a_decoder_that_takes_too_long_is_ended(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thumbnails, "TIMEOUT_S", 0.0)
    with pytest.raises(NotFound):
        await bench.of(still())


async def test_a_decoder_that_says_too_much_is_ended(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thumbnails, "JPEG_BYTES_MAX", 100)
    with pytest.raises(NotFound):
        await bench.of(still())


async def test_one_is_made_for_all_who_ask_and_outlives_a_restart(bench: Bench) -> None:
    file = await bench.put(still())
    first, *others = await asyncio.gather(*(bench.thumbnails.of(file) for _ in range(5)))
    assert others == [first] * 4
    bench.reopen()
    assert await bench.thumbnails.of(file) == first
    assert bench.made == 1


async def test_those_not_looked_at_for_longest_make_room(bench: Bench) -> None:
    files = [await bench.put(still(64, height)) for height in (16, 32, 48)]
    size = max([len(await bench.thumbnails.of(file)) for file in files])
    bench.reopen(cache_bytes=2 * size)
    await bench.thumbnails.of(files[0])
    await bench.of(still(64, 64))
    cached = {path.stem for path in (bench.folder / "thumbnails").iterdir()}
    assert files[0].id in cached
    assert files[1].id not in cached
    assert len(cached) == 2


async def test_an_emptied_folder_is_filled_again(bench: Bench) -> None:
    file = await bench.put(still())
    first = await bench.thumbnails.of(file)
    for path in (bench.folder / "thumbnails").iterdir():
        path.unlink()
    assert await bench.thumbnails.of(file) == first


async def test_a_file_that_is_gone_has_none(bench: Bench) -> None:
    file = await bench.put(still())
    await bench.thumbnails.of(file)
    await bench.blobs.delete(file.id)
    bench.thumbnails.forget(file.id)
    with pytest.raises(NotFound, match="removed"):
        await bench.thumbnails.of(file)


async def test_from_a_bucket_it_is_fetched_first_unless_it_is_too_big(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = await bench.put(clip("mp4"), "video/mp4")
    monkeypatch.setattr(bench.blobs, "local", lambda key: None)
    assert decoded(await bench.thumbnails.of(file)).width == 64
    assert len(list((bench.folder / "thumbnails").iterdir())) == 1
    bench.thumbnails.forget(file.id)
    monkeypatch.setattr(thumbnails, "SOURCE_BYTES_MAX", 10)
    with pytest.raises(NotFound, match="too many to fetch"):
        await bench.thumbnails.of(file)


FORBIDDEN = {
    "a file": ("open('/etc/passwd')", "Too many open files"),
    "a connection": ("__import__('_socket').socket()", "Too many open files"),
    "much memory": ("bytes(2_000_000_000)", "MemoryError"),
    "a file in the place of its own": ("os.close(0)\nopen('/etc/passwd')", "Too many open files"),
    "a pipe": ("os.pipe()", "Too many open files"),
    # Root is above this limit, and who is root here is nobody first.
    "another process": (
        "os.getuid() or os.setuid(65534)\nos.fork() or os._exit(0)",
        "Resource temporarily unavailable",
    ),
}


@pytest.mark.parametrize("case", FORBIDDEN)
def test_the_decoder_has_no_rights(case: str) -> None:
    attempt, words = FORBIDDEN[case]
    script = f"import _socket, os\nfrom wayside.media import decoder\ndecoder.give_up_rights()\n{attempt}"
    run = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert words in run.stderr


@pytest.mark.parametrize("case", CASES)
def test_the_decoder_works_without_its_rights_also_where_root_would_have_more(case: str) -> None:
    content, content_type, size = CASES[case]
    script = (
        "import os, sys\n"
        "from wayside.media import decoder\n"
        "decoder.give_up_rights()\n"
        "from av import CodecContext\n"
        "os.getuid() or os.setuid(65534)\n"
        "sys.stdout.buffer.write(decoder._jpeg(decoder._first_frame(decoder.FORMATS[sys.argv[1]])))"
    )
    run = subprocess.run(
        [sys.executable, "-I", "-c", script, content_type], input=content, capture_output=True, check=False
    )
    assert run.stderr == b""
    picture = decoded(run.stdout)
    assert (picture.width, picture.height) == size


def test_the_decoder_has_little_time() -> None:
    script = (
        "from wayside.media import decoder\ndecoder.CPU_S = 1\ndecoder.give_up_rights()\nwhile True: pass"
    )
    run = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, check=False)
    assert run.returncode in {-signal.SIGXCPU, -signal.SIGKILL}
