"""How a peer's call is timed: as ours are.  Runs in the peers' own environment, so it imports nothing of ours."""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Callable

ROUNDS = 15
CALLS = 200


def tell(decode: Callable[[], dict[str, object]]) -> None:
    """Print what one call reads and how long it takes."""
    values = decode()
    rounds = []
    gc.disable()
    for _ in range(ROUNDS):
        started = time.perf_counter()
        for _ in range(CALLS):
            decode()
        rounds.append((time.perf_counter() - started) / CALLS * 1e6)
    print(json.dumps({"call_us": min(rounds), "values": values}))
