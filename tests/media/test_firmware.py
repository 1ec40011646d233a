"""Firmware files in a directory."""

import contextlib
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wayside.media.firmware import OFFERS_MAX, FirmwareDirectory
from wayside.model.errors import CommandError, TooLarge
from wayside.model.instant import MINUTE
from wayside.ports.firmware import FirmwareShelf

NOW = 1_700_000_000_000_000
IMAGE = bytes(range(256)) * 40


async def chunks(data: bytes, size: int = 1000) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def interrupted(data: bytes) -> AsyncIterator[bytes]:
    yield data
    raise ConnectionResetError


def opened(directory: Path, bytes_max: int = 1_000_000) -> FirmwareDirectory:
    shelf = FirmwareDirectory(directory, lambda: "http://203.0.113.7:8080", lambda: NOW, bytes_max=bytes_max)
    shelf.open()
    return shelf


@pytest.fixture
def shelf(tmp_path: Path) -> FirmwareDirectory:
    return opened(tmp_path / "firmware")


def contents(shelf: FirmwareDirectory) -> list[str]:
    return sorted(path.suffix for path in shelf._directory.iterdir())


async def test_a_file_is_summed_hashed_and_listed(shelf: FirmwareShelf) -> None:
    record = await shelf.add("GEN4_V3.bin", chunks(IMAGE))
    # 0 + 1 + … + 255 = 32640, forty times.
    assert (record.size, record.byte_sum) == (10_240, 40 * 32_640)
    assert record.sha256 == hashlib.sha256(IMAGE).hexdigest()
    assert await shelf.records() == [record]


async def test_an_offer_leads_to_the_bytes_until_it_expires(shelf: FirmwareDirectory) -> None:
    record = await shelf.add("a.bin", chunks(IMAGE))
    offer = await shelf.offer(record.id, "command-1", NOW + MINUTE)
    assert offer is not None
    assert (offer.size, offer.byte_sum) == (record.size, record.byte_sum)
    base, _, key = offer.url.rpartition("/")
    assert base == "http://203.0.113.7:8080/firmware"
    found = shelf.fetch(key, NOW + MINUTE - 1)
    assert found is not None
    assert found[0] == record
    assert found[1].read_bytes() == IMAGE
    assert shelf.fetch(key, NOW + MINUTE) is None
    assert shelf.fetch(key[:-1], NOW) is None
    assert shelf.fetch(record.id, NOW) is None


async def test_each_command_has_an_address_of_its_own(shelf: FirmwareDirectory) -> None:
    record = await shelf.add("a.bin", chunks(IMAGE))
    first = await shelf.offer(record.id, "one", NOW + MINUTE)
    other = await shelf.offer(record.id, "two", NOW + MINUTE)
    again = await shelf.offer(record.id, "one", NOW + 2 * MINUTE)
    assert first is not None
    assert other is not None
    assert again == first
    assert other.url != first.url
    assert shelf.fetch(first.url.rpartition("/")[2], NOW + MINUTE) is not None
    assert await shelf.offer("no-such-file", "one", NOW + MINUTE) is None


async def test_files_and_offers_survive_a_restart(shelf: FirmwareDirectory) -> None:
    record = await shelf.add("a.bin", chunks(IMAGE))
    offer = await shelf.offer(record.id, "one", NOW + MINUTE)
    assert offer is not None
    restarted = opened(shelf._directory)
    assert await restarted.records() == [record]
    found = restarted.fetch(offer.url.rpartition("/")[2], NOW)
    assert found is not None
    assert found[1].read_bytes() == IMAGE


async def test_an_interrupted_upload_leaves_nothing(shelf: FirmwareDirectory) -> None:
    with pytest.raises(ConnectionResetError):
        await shelf.add("a.bin", interrupted(IMAGE))
    assert await shelf.records() == []
    assert contents(shelf) == []


async def test_a_crash_during_an_upload_leaves_nothing_after_the_restart(shelf: FirmwareDirectory) -> None:
    record = await shelf.add("a.bin", chunks(IMAGE))
    directory = shelf._directory
    (directory / "half.bin.part").write_bytes(b"half")
    (directory / "unlisted.bin").write_bytes(b"renamed, but its JSON never came")
    restarted = opened(directory)
    assert await restarted.records() == [record]
    assert contents(restarted) == [".bin", ".json"]


@pytest.mark.parametrize(("size", "error"), [(0, CommandError), (1_000, None), (1_001, TooLarge)])
async def test_the_size_is_limited(tmp_path: Path, size: int, error: type[Exception] | None) -> None:
    shelf = opened(tmp_path / "small", bytes_max=1_000)
    if error is None:
        assert (await shelf.add("a.bin", chunks(b"x" * size, 300))).size == size
        return
    with pytest.raises(error):
        await shelf.add("a.bin", chunks(b"x" * size, 300))
    assert contents(shelf) == []


async def test_removing_a_file_ends_its_addresses(shelf: FirmwareDirectory) -> None:
    record = await shelf.add("a.bin", chunks(IMAGE))
    offer = await shelf.offer(record.id, "one", NOW + MINUTE)
    assert offer is not None
    assert await shelf.remove(record.id)
    assert not await shelf.remove(record.id)
    assert shelf.fetch(offer.url.rpartition("/")[2], NOW) is None
    assert await opened(shelf._directory).records() == []


async def test_offers_are_bounded_and_the_first_to_expire_make_room(shelf: FirmwareDirectory) -> None:
    record = await shelf.add("a.bin", chunks(IMAGE))
    urls = []
    for number in range(OFFERS_MAX + 1):
        offer = await shelf.offer(record.id, f"c{number}", NOW + MINUTE + number)
        assert offer is not None
        urls.append(offer.url)
    found = [shelf.fetch(url.rpartition("/")[2], NOW) is not None for url in urls]
    assert found == [False] + [True] * OFFERS_MAX


@given(name=st.text(max_size=200))
async def test_a_name_never_becomes_a_path(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    directory = tmp_path_factory.mktemp("shelf")
    shelf = opened(directory / "in")
    with contextlib.suppress(CommandError):
        assert (await shelf.add(name, chunks(b"x"))).name == name
    assert [path.name for path in directory.iterdir()] == ["in"]
    assert all(path.parent == directory / "in" for path in directory.rglob("*.*"))
