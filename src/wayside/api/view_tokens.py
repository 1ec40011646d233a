"""View tokens: they let somebody watch one channel of one device, in a player that cannot send headers too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from wayside.api.short_tokens import C, Grant, ShortTokens
from wayside.model.instant import Instant

__all__ = ["MINUTES_DEFAULT", "MINUTES_MAX", "PREFIX", "TOKENS_MAX", "Grant", "ViewTokens"]

PREFIX: Final = "wsv_"

# A look at a camera takes minutes; a screen in a control room is opened anew with every shift.
MINUTES_DEFAULT: Final = 30
MINUTES_MAX: Final = 12 * 60

# Ten for each viewer that live video lets in; it bounds what a program gone wild can put into memory.
TOKENS_MAX: Final = 10_000


class ViewTokens(ShortTokens[C]):
    """The view tokens of this server."""

    def __init__(self, clock: Callable[[], Instant], valid: Callable[[C], bool]) -> None:
        super().__init__(clock, valid, prefix=PREFIX, kind="view", most=TOKENS_MAX)
