"""How often: a bucket of tokens for each key, refilled evenly.  Pure; time comes in."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

KEYS_MAX: Final = 10_000
"""Addresses or devices remembered, the latest: whoever was forgotten has a full bucket again."""

MINUTE_S: Final = 60.0


class Rates:
    """``per_minute`` for each key, all of them at once if nothing was taken for a minute."""

    def __init__(self, per_minute: int, keys_max: int = KEYS_MAX) -> None:
        self._full = float(per_minute)
        self._keys_max = keys_max
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str, now_s: float) -> bool:
        """Whether there is one left for this key; it is taken then."""
        tokens, since_s = self._buckets.pop(key, (self._full, now_s))
        tokens = min(self._full, tokens + (now_s - since_s) * self._full / MINUTE_S)
        enough = tokens >= 1
        self._buckets[key] = (tokens - enough, now_s)
        if len(self._buckets) > self._keys_max:
            self._buckets.popitem(last=False)
        return enough
