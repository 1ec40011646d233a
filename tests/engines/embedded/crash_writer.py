"""A process that appends without end and says on its standard output which batches are durable.

Started by test_crash.py, which kills it.  Every event of batch n holds n, and the batch's size.
"""

import asyncio
import sys
from pathlib import Path

from wayside.engines.embedded import EmbeddedStore, checkpoints, side_index
from wayside.model.events import Event, Kind
from wayside.ports.store import Batch, Entry

START = 1_700_000_000_000_000


def batch(number: int) -> Batch:
    size = 1 + number % 50
    return Batch(
        [
            Entry(
                f"jimi:{n % 7}",
                START + number,
                "m",
                Event((Kind.REPORT, Kind.ALARM)[n % 2], "m", {"b": number, "of": size}),
            )
            for n in range(size)
        ]
    )


async def main(folder: Path, first: int) -> None:
    # Everything that follows the commits happens all the time, so that the kill meets all of it.
    side_index.ROUND_ROWS, side_index.SLICE_ROWS, side_index.ROUND_ROWS_MIN = 300, 40, 50  # type: ignore[misc]  # small on purpose
    side_index.ROUND_EVERY_S = 0.0  # type: ignore[misc]  # likewise
    checkpoints.CHECKPOINT_ROWS = 100  # type: ignore[misc]  # likewise
    store = EmbeddedStore(folder)
    await store.open()
    number = first
    while True:
        waiting = [store.append(batch(number + ahead)) for ahead in range(4)]
        for one in waiting:
            await one
            sys.stdout.write(f"{number}\n")
            sys.stdout.flush()
            number += 1


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
