"""What a victim is told, and what it tells: a file each, beside its data."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

ROOT: Final = Path(__file__).parents[1]

START: Final = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from torture.victim import main; main()"


class Orders(msgspec.Struct):
    """How the victim's world is from now on; ``stall_s`` is done once, by the event loop."""

    number: int = 0
    disk: str = ""
    clock_s: float = 0.0
    stall_s: float = 0.0


class Census(msgspec.Struct, frozen=True):
    """What the process holds; ``number`` is that of the orders it has carried out."""

    number: int
    tasks: int
    blocks: int
    """Pieces of memory that Python has handed out."""


def program(orders: Path, plants: Sequence[str] = ()) -> tuple[str, ...]:
    """What to start instead of ``wayside``."""
    return (sys.executable, "-c", START, str(orders), *plants)


def census_path(orders: Path) -> Path:
    """Where the answer to orders stands."""
    return orders.with_suffix(".census")


def write_whole(path: Path, data: bytes) -> None:
    """Nobody ever reads half of it."""
    draft = path.with_name(f"{path.name}.draft")
    draft.write_bytes(data)
    draft.replace(path)
