"""Log lines about nonsense: bounded in number and in length, since whoever sends nonsense sends a lot of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog

from wayside.model.instant import SECOND, Instant


class Complaints:
    """At most ``per_s`` lines a second; how many were left out is said in the first line of a later second."""

    def __init__(self, per_s: int, sample_bytes: int, clock: Callable[[], Instant]) -> None:
        self._per_s = per_s
        self._sample_bytes = sample_bytes
        self._clock = clock
        self._second = 0
        self._said = 0
        self._left_out = 0
        self._log = structlog.get_logger("wayside.gateway")

    def say(
        self,
        event: str,
        raw: bytes = b"",
        redacted: Callable[[bytes], bytes] = bytes,
        **facts: Any,  # noqa: ANN401 - whatever structlog can show
    ) -> None:
        """One warning, with the beginning of the redacted bytes in hexadecimal."""
        second = self._clock() // SECOND
        if second != self._second:
            self._second, self._said = second, 0
        if self._said >= self._per_s:
            self._left_out += 1
            return
        self._said += 1
        if self._left_out:
            facts["left_out"], self._left_out = self._left_out, 0
        if raw:
            facts["bytes"] = redacted(raw)[: self._sample_bytes].hex()
        self._log.warning(event, **facts)
