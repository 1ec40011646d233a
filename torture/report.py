"""The one table, and what is said below it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from bench.report import heading as machine
from torture.checks import INVARIANTS, SHOWN_MAX, Invariant
from torture.run import Outcome
from wayside import __version__

ERROR_CHARACTERS: Final = 3_000
"""The end of a traceback says what happened."""

YES: Final = "✓"
NO: Final = "**✗**"


PAGE: Final = """\
# Torture

What was done to a server, and whether what must hold held. The server is `wayside serve` in a process of its own,
under dashcams, parking locks, power-bank cabinets and their callers over real sockets; what was sent and acknowledged
is written down by them, and held against what is on the disk afterwards. `make torture` does all of it again, in some
twenty minutes; `.venv/bin/python -m torture NAME --seed N` does one, and `--list` names them. `--quick` takes a minute.
The same seed breaks things at the same places, as far as they are not up to the machine.

This page was written by `{command}`.

{text}
"""


def heading(seed: int, *, quick: bool) -> str:
    """On what, with what, how often."""
    extent = "quick run" if quick else "full run"
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return "\n".join(
        (
            machine(time.gmtime()),
            f"Wayside {__version__}, {memory:.0f} GiB of memory, seed {seed}, {extent}.",
            "",
            *(f"- **{invariant.name}**: {invariant.title}" for invariant in INVARIANTS),
            "",
            row(("fault", "what was done", *(invariant.name for invariant in INVARIANTS), "also", "took")),
            row(["---"] * (len(INVARIANTS) + 4)),
        )
    )


def line(outcome: Outcome) -> str:
    """The row of one scenario."""
    done = f"{NO} could not be played to its end" if outcome.error else outcome.done
    also = "; ".join(
        f"{YES if claim.holds else NO} {claim.title}{f' ({claim.seen})' if claim.seen else ''}"
        for claim in outcome.claims
    )
    cells = (cell(outcome, invariant) for invariant in INVARIANTS)
    return row((outcome.scenario.fault, done, *cells, also, f"{outcome.took_s:.0f} s"))


def cell(outcome: Outcome, invariant: Invariant) -> str:
    """How an invariant fared; a dash if this scenario does not ask."""
    verdict = outcome.verdicts.get(invariant.name)
    if verdict is None:
        return "-"
    return f"{YES if verdict.holds else NO} {verdict.seen}"


def ending(outcomes: Sequence[Outcome]) -> str:
    """The sum, and every violation."""
    held = sum(outcome.holds for outcome in outcomes)
    took_s = sum(outcome.took_s for outcome in outcomes)
    lines = ["", f"{held} of {len(outcomes)} scenarios held, in {took_s / 60:.1f} minutes."]
    for outcome in outcomes:
        if not outcome.holds:
            lines += ["", f"### {outcome.scenario.name}", "", *_faults(outcome)]
    return "\n".join(lines)


def _faults(outcome: Outcome) -> Iterable[str]:
    for name, verdict in outcome.verdicts.items():
        for violation in verdict.violations[:SHOWN_MAX]:
            yield f"- {name}: {violation}"
        if len(verdict.violations) > SHOWN_MAX:
            yield f"- {name}: and {len(verdict.violations) - SHOWN_MAX} more"
    for claim in outcome.claims:
        if not claim.holds:
            yield f"- not so: {claim.title} ({claim.seen})"
    if outcome.error:
        yield f"```\n{outcome.error[-ERROR_CHARACTERS:]}\n```"


def row(cells: Iterable[str]) -> str:
    """A row of Markdown."""
    return f"| {' | '.join(text.replace('|', chr(92) + '|') for text in cells)} |"


def keep(path: Path, text: str, command: str) -> None:
    """The page under docs/."""
    path.write_text(
        PAGE.format(command=command, text=text),
        encoding="utf-8",
    )
