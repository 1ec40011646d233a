"""``python -m torture [NAME …] [--seed N] [--quick] [--keep PATH]``: all scenarios, or the named ones."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from pathlib import Path
from typing import Final

from torture import report
from torture.run import play
from torture.scenarios import SCENARIOS

SEED: Final = 5


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m torture", description="Break a server in every way we know."
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these scenarios")
    parser.add_argument("--seed", type=int, default=SEED, help="of everything that is left to chance")
    parser.add_argument("--quick", action="store_true", help="a minute instead of twenty")
    parser.add_argument("--list", action="store_true", help="only say which scenarios there are")
    parser.add_argument(
        "--keep", type=Path, metavar="PATH", help="write the result there as well, as Markdown"
    )
    return parser.parse_args()


def main() -> None:
    """Play them in turn, and print a row after each; the exit code is 1 if anything did not hold."""
    asked = arguments()
    names = [scenario.name for scenario in SCENARIOS]
    if unknown := set(asked.names) - set(names):
        sys.exit(f"no such scenario: {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    if asked.list:
        for scenario in SCENARIOS:
            print(f"{scenario.name:<20} {scenario.fault}")
        return
    chosen = [
        scenario
        for scenario in SCENARIOS
        if (scenario.name in asked.names if asked.names else scenario.quick or not asked.quick)
    ]
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # that lines are cut is no news here
    said = [report.heading(asked.seed, quick=asked.quick)]
    print(said[0], flush=True)
    outcomes = []
    for scenario in chosen:
        outcomes.append(asyncio.run(play(scenario, asked.seed, quick=asked.quick and scenario.quick > 0)))
        said.append(report.line(outcomes[-1]))
        print(said[-1], flush=True)
    said.append(report.ending(outcomes))
    print(said[-1])
    if asked.keep:
        report.keep(asked.keep, "\n".join(said), f"python -m torture {' '.join(sys.argv[1:])}")
    sys.exit(not all(outcome.holds for outcome in outcomes))


if __name__ == "__main__":
    main()
