"""JSON in columns: encoders made once."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

import msgspec

from wayside.model.events import Values

to_json: Final[Callable[[Any], bytes]] = msgspec.json.Encoder().encode
from_json: Final[Callable[[bytes], Any]] = msgspec.json.Decoder().decode


@lru_cache(maxsize=1024)
def names_of(shape: bytes) -> tuple[str, ...]:
    """The names that a shape stands for."""
    return tuple(from_json(shape))


def to_values(shape: bytes | None, values: bytes) -> Values:
    """An event's values, whose names stand in their shape, or beside each where they have none."""
    decoded: Any = from_json(values)
    return decoded if shape is None else dict(zip(names_of(shape), decoded, strict=True))
