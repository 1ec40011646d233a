"""Where the project's files are, for the tests that read them."""

from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]

# Made by commands, or somebody else's.
SKIPPED = {
    ".git",
    ".venv",
    ".uv",
    ".bench",
    "node_modules",
    "dist",
    "data",
    "__pycache__",
    ".hypothesis",
    ".pytest_cache",
}


def files(pattern: str, *folders: str) -> Iterator[Path]:
    """Every file of ours that matches, in a stable order; everywhere if no folder is named."""
    for folder in folders or (".",):
        for path in sorted((ROOT / folder).rglob(pattern)):
            if path.is_file() and SKIPPED.isdisjoint(path.relative_to(ROOT).parts):
                yield path


def python_files() -> Iterator[Path]:
    """Every Python file that we wrote."""
    return files("*.py", "src", "tests", "tools", "bench", "torture")


def shown(path: Path) -> str:
    """A path as people type it at the root."""
    return path.relative_to(ROOT).as_posix()
