"""Relay tokens: they let a phone pass on what one lock says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from wayside.api.short_tokens import C, Grant, ShortTokens
from wayside.model.instant import Instant

__all__ = ["MINUTES_DEFAULT", "MINUTES_MAX", "PREFIX", "TOKENS_MAX", "Grant", "RelayTokens"]

PREFIX: Final = "wsr_"

# Who stands before a lock needs a minute or two; a visit with a firmware upgrade over BLE half an hour.
MINUTES_DEFAULT: Final = 10
MINUTES_MAX: Final = 60

# Everybody who opens a door in one busy hour; it bounds what a program gone wild can put into memory.
TOKENS_MAX: Final = 10_000


class RelayTokens(ShortTokens[C]):
    """The relay tokens of this server."""

    def __init__(self, clock: Callable[[], Instant], valid: Callable[[C], bool]) -> None:
        super().__init__(clock, valid, prefix=PREFIX, kind="relay", most=TOKENS_MAX)
