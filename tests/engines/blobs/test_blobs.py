"""What every place for blobs must do."""

from pathlib import Path

import pytest

from wayside.engines.blobs import bucket, directory
from wayside.model.errors import NotFound
from wayside.ports.blobs import Blobs

KEY, OTHER = "ab" * 16, "abcd" * 8
CONTENT = bytes(range(256)) * 16


def file_with(folder: Path, content: bytes = CONTENT) -> Path:
    part = folder / "x.part"
    part.write_bytes(content)
    return part


async def content_of(blobs: Blobs, key: str, start: int = 0, end: int | None = None) -> bytes:
    return b"".join([piece async for piece in blobs.read(key, start, end)])


async def test_a_file_that_is_put_is_taken_over(blobs: Blobs, tmp_path: Path) -> None:
    part = file_with(tmp_path)
    await blobs.put(KEY, part)
    assert not part.exists()
    assert await content_of(blobs, KEY) == CONTENT


async def test_any_range_can_be_read_in_small_pieces(
    blobs: Blobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await blobs.put(KEY, file_with(tmp_path))
    for module in (bucket, directory):
        monkeypatch.setattr(module, "PIECE_BYTES", 100)
    for start, end in (
        (0, 0),
        (0, 1),
        (5, 5),
        (10, 1234),
        (4000, None),
        (4095, 4096),
        (4090, 9999),
        (4096, None),
    ):
        pieces = [piece async for piece in blobs.read(KEY, start, end)]
        assert b"".join(pieces) == CONTENT[start:end]
        assert all(0 < len(piece) <= 100 for piece in pieces)


async def test_an_empty_file_is_a_file(blobs: Blobs, tmp_path: Path) -> None:
    await blobs.put(KEY, file_with(tmp_path, b""))
    assert await content_of(blobs, KEY) == b""


async def test_what_is_not_there_is_not_found(blobs: Blobs) -> None:
    with pytest.raises(NotFound):
        await content_of(blobs, KEY)
    await blobs.delete(KEY)


async def test_what_is_deleted_is_gone(blobs: Blobs, tmp_path: Path) -> None:
    for key in (KEY, OTHER):
        await blobs.put(key, file_with(tmp_path))
    await blobs.delete(KEY)
    assert await content_of(blobs, OTHER) == CONTENT
    with pytest.raises(NotFound):
        await content_of(blobs, KEY)


async def test_a_put_replaces(blobs: Blobs, tmp_path: Path) -> None:
    await blobs.put(KEY, file_with(tmp_path, b"first"))
    await blobs.put(KEY, file_with(tmp_path, b"second"))
    assert await content_of(blobs, KEY) == b"second"


async def test_a_place_that_works_says_so(blobs: Blobs) -> None:
    assert await blobs.healthy() is None


@pytest.mark.parametrize(
    "key", ["", "../../etc/passwd", "/etc/passwd", "ab", "AB" * 16, "a" * 65, "abcd/", "abcd/../x", "abcd\0"]
)
async def test_a_key_that_we_did_not_make_is_a_fault_of_ours(blobs: Blobs, tmp_path: Path, key: str) -> None:
    part = file_with(tmp_path)
    with pytest.raises(ValueError, match="cannot be"):
        await blobs.put(key, part)
    assert part.exists()
    for work in (content_of(blobs, key), blobs.delete(key)):
        with pytest.raises(ValueError, match="cannot be"):
            await work
    with pytest.raises(ValueError, match="cannot be"):
        blobs.local(key)
