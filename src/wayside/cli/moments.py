"""Times as people type them: ``2026-03-01T12:00:00Z``, or ``90m`` ago (or from now)."""

from __future__ import annotations

import re
from typing import Final

from wayside.app.clock import now
from wayside.cli.exits import UsageError
from wayside.model.instant import DAY, HOUR, MINUTE, SECOND, from_rfc3339, to_rfc3339

_SPAN: Final = re.compile(r"([0-9]{1,6})([smhd])")
_UNITS: Final = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}


def ago(option: str, text: str | None) -> str | None:
    """RFC 3339 in UTC; ``15m`` is that long ago.

    Raises:
        UsageError: neither a time nor a span; names the option.
    """
    return _moment(option, text, -1)


def ahead(option: str, text: str | None) -> str | None:
    """RFC 3339 in UTC; ``30d`` is that far in the future.  Raises as ``ago``."""
    return _moment(option, text, +1)


def _moment(option: str, text: str | None, direction: int) -> str | None:
    if text is None:
        return None
    if span := _SPAN.fullmatch(text):
        length = int(span[1]) * _UNITS[span[2]]
        return to_rfc3339(now() + direction * length)
    try:
        return to_rfc3339(from_rfc3339(text))
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"{option}: {text!r} is neither 2026-03-01T12:00:00Z nor a span as 90m, 2h, 3d"
        ) from error
