"""Fuzzing begins with real frames of every link, and what it raises comes back with the input that raised it."""

from pathlib import Path

import pytest

from torture.corpus import FOLDER, LINKS, frames_of, kinds_of_frames
from torture.fuzz import INPUT_BYTES_MAX, fault_in, fuzz


@pytest.mark.parametrize("name", LINKS)
def test_every_link_has_a_corpus_of_whole_frames(name: str) -> None:
    protocol, link = LINKS[name]
    assert len(kinds_of_frames(name)) == len(frames_of(protocol, link.transport))
    kept = [path for path in (FOLDER / name).rglob("*") if path.is_file()]
    assert max(path.stat().st_size for path in kept) <= INPUT_BYTES_MAX


async def test_a_second_of_fuzzing(tmp_path: Path) -> None:
    pytest.importorskip("atheris")
    found = await fuzz(tmp_path / "found", "parking-lock-tcp", "session", 1, seed=1)
    assert found.fault == ""
    assert found.inputs > 100
    assert found.edges > 50


def test_a_fault_is_told_with_its_input(tmp_path: Path) -> None:
    (tmp_path / "crash-0123").write_bytes(b"\x01\x02")
    (tmp_path / "0123").write_bytes(b"found on the way")
    output = "=== Uncaught Python exception: ===\nKeyError: 7\nTraceback (most recent call last):\n"
    assert fault_in(output, tmp_path) == "KeyError: 7 from ['0102']"
