"""``python -m bench [PART …]``: all measurements, or the named ones."""

from __future__ import annotations

import sys

from bench import commands, connections, decode, feed, growth, ingest, queries, start
from bench.report import machine, show

PARTS = {
    "decode": ("Decoding, in process", decode.run),
    "ingest": ("Durable ingest", ingest.run),
    "growth": ("Durable ingest as devices and rates grow", growth.run),
    "connections": ("Many connections", connections.run),
    "commands": ("Commands", commands.run),
    "feed": ("Live feed", feed.run),
    "queries": ("Queries over a growing log", queries.run),
    "start": ("Start-up", start.run),
}


def main() -> None:
    """Run the parts in turn, one table each."""
    chosen = sys.argv[1:] or list(PARTS)
    if unknown := set(chosen) - set(PARTS):
        sys.exit(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    print(f"On {machine()}.")
    for part in chosen:
        title, run = PARTS[part]
        show(title, run())


if __name__ == "__main__":
    main()
