"""``python -m bench [PART …] [--keep PATH]``: all measurements, or the named ones."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from bench import commands, connections, decode, feed, growth, ingest, live, queries, start
from bench.report import heading, page, table

PARTS = {
    "decode": ("Decoding, in process", decode.run),
    "ingest": ("Durable ingest", ingest.run),
    "growth": ("Durable ingest as devices and rates grow", growth.run),
    "connections": ("Many connections", connections.run),
    "commands": ("Commands", commands.run),
    "feed": ("Live feed", feed.run),
    "live": ("Live video", live.run),
    "queries": ("Queries over a growing log", queries.run),
    "start": ("Start-up", start.run),
}


def main() -> None:
    """Run the parts in turn, one table each."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure the hot paths.")
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all if none is given"
    )
    parser.add_argument(
        "--keep", type=Path, metavar="PATH", help="write the tables there as well, as a Markdown page"
    )
    asked = parser.parse_args()
    if unknown := set(asked.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    said = [heading(time.gmtime())]
    print(said[0], flush=True)
    for part in asked.parts or PARTS:
        title, run = PARTS[part]
        said.append(table(title, run()))
        print(said[-1], flush=True)
    if asked.keep:
        asked.keep.write_text(page(said, " ".join(sys.argv[1:])), encoding="utf-8")


if __name__ == "__main__":
    main()
