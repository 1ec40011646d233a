"""Pages and regions: what their files should contain, and how that differs from what they do contain."""

import difflib
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

OPENING = re.compile(r"^<!-- generated:([\w.-]+) -->$", re.MULTILINE)
CLOSING = "<!-- /generated -->"


class DocsError(Exception):
    """A marker without a generator, a generator without a marker, or a marker that is never closed."""


class Page(NamedTuple):
    """A file that is written as a whole. `source` tells readers where to change it."""

    path: str
    source: str
    text: Callable[[], str]


class Region(NamedTuple):
    """A part of a file that people write."""

    path: str
    name: str
    text: Callable[[], str]


def wanted(root: Path, pages: Iterable[Page], regions: Iterable[Region]) -> dict[Path, str]:
    """What each file with something generated in it should contain.

    Raises:
        DocsError: see there; the text names the file and the marker.
    """
    contents: dict[Path, str] = {}
    for page in pages:
        note = f"<!-- Written by `make docs` from {page.source}: change it there. -->"
        contents[root / page.path] = f"{note}\n\n{page.text().strip()}\n"
    for region in regions:
        path = root / region.path
        if path not in contents and not path.exists():
            raise DocsError(f"{region.path}: there is no such file to write `{region.name}` into")
        contents[path] = fill(contents.get(path) or path.read_text(), region)
    return contents


def fill(text: str, region: Region) -> str:
    """The file's text with the region written anew; the rest stays as it is, to the byte."""
    marker = f"<!-- generated:{region.name} -->\n"
    before, opened, after = text.partition(marker)
    if not opened:
        raise DocsError(f"{region.path}: no line `{marker.strip()}`")
    _, closed, rest = after.partition(CLOSING)
    if not closed:
        raise DocsError(f"{region.path}: `{marker.strip()}` is never closed by `{CLOSING}`")
    return f"{before}{marker}\n{region.text().strip()}\n\n{CLOSING}{rest}"


def unclaimed(root: Path, documents: Iterable[Path], regions: Iterable[Region]) -> list[str]:
    """Markers that nothing fills: they look generated, and would grow old."""
    known = {(root / region.path, region.name) for region in regions}
    return [
        f"{document.relative_to(root)}: nothing generates `{name}`"
        for document in documents
        for name in OPENING.findall(document.read_text())
        if (document, name) not in known
    ]


def stale(root: Path, contents: dict[Path, str]) -> Iterator[str]:
    """One unified diff for each file that is not as it should be."""
    for path, text in contents.items():
        present = path.read_text() if path.exists() else ""
        if present != text:
            name = path.relative_to(root).as_posix()
            yield "".join(
                difflib.unified_diff(
                    present.splitlines(keepends=True),
                    text.splitlines(keepends=True),
                    f"{name} (as it is)",
                    f"{name} (as generated)",
                )
            )


def write(contents: dict[Path, str]) -> list[Path]:
    """Write what differs; the files written."""
    changed = [path for path, text in contents.items() if not path.exists() or path.read_text() != text]
    for path in changed:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(contents[path])
    return changed
