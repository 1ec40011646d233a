"""`python -m tools.docs [--check]`."""

import argparse
import sys
from pathlib import Path

from tools.docs.generated import DocsError, stale, unclaimed, wanted, write
from tools.docs.registry import PAGES, REGIONS

ROOT = Path(__file__).parents[2]


def documents() -> list[Path]:
    """The pages that people write, and where a marker may stand."""
    return [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("src/**/*.md")]


def main() -> int:
    """Write what is generated, or show what is stale; the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.docs", description="Write the generated documentation."
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; show what is stale, and fail if anything is"
    )
    check = parser.parse_args().check
    try:
        contents = wanted(ROOT, PAGES, REGIONS)
    except DocsError as error:
        print(f"docs: {error}", file=sys.stderr)
        return 1
    if strays := unclaimed(ROOT, documents(), REGIONS):
        print(*(f"docs: {stray}" for stray in strays), sep="\n", file=sys.stderr)
        return 1
    if not check:
        for path in write(contents):
            print(f"wrote {path.relative_to(ROOT)}")
        return 0
    if diffs := list(stale(ROOT, contents)):
        print(*diffs, "Generated documentation is stale: run `make docs`.", sep="\n", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
