"""JSON in columns: encoders made once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

to_json: Final[Callable[[Any], bytes]] = msgspec.json.Encoder().encode
from_json: Final[Callable[[bytes], Any]] = msgspec.json.Decoder().decode
