"""The one clock of the server."""

from __future__ import annotations

import time

from wayside.model.instant import Instant


def now() -> Instant:
    """Microseconds since 1970 UTC."""
    return time.time_ns() // 1000
