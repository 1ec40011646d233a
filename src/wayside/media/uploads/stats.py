"""Counters of the upload port, since the start."""

from __future__ import annotations

from collections import Counter


class Stats:
    """``refused`` by reason, which are ours and few; ``cut`` counts uploads that the peer did not finish."""

    def __init__(self) -> None:
        self.kept = 0
        self.kept_bytes = 0
        self.repeated = 0
        self.lists = 0
        self.received_bytes = 0
        self.cut = 0
        self.refused: Counter[str] = Counter()
