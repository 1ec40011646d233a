"""What the documents say about the tree is true."""

import re
import subprocess
from pathlib import Path

import pytest

import wayside
from tests.house.project import ROOT, files, shown

CODE_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
CODE_SPAN = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"\[[^\]]*\]\((?!\w+:)([^)\s#]*)(?:#([^)\s]*))?\)")
HEADING = re.compile(r"^#+\s+(.*)$", re.MULTILINE)

DOCUMENTS = [path for path in files("*.md") if not path.is_relative_to(ROOT / "tests")]


def prose(path: Path) -> str:
    return CODE_FENCE.sub("", path.read_text())


def anchors(path: Path) -> set[str]:
    """The names under which a page's headings can be linked to."""
    plain = (re.sub(r"[^\w\s-]", "", heading.lower()) for heading in HEADING.findall(prose(path)))
    return {heading.strip().replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("document", DOCUMENTS, ids=shown)
def test_every_relative_link_leads_somewhere(document: Path) -> None:
    dead = []
    for target, anchor in LINK.findall(CODE_SPAN.sub("", prose(document))):
        path = (document.parent / target) if target else document
        if not path.exists() or (anchor and path.suffix == ".md" and anchor not in anchors(path)):
            dead.append(f"{target}#{anchor}" if anchor else target)
    assert not dead


@pytest.mark.parametrize("document", DOCUMENTS, ids=shown)
def test_every_make_command_exists(document: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"^\s*(?:\$ )?make ([a-z]+)", document.read_text(), re.MULTILINE))
    named |= set(re.findall(r"`make ([a-z]+)`", document.read_text()))
    assert named <= targets


def test_the_change_table_names_only_what_is_there() -> None:
    architecture = (ROOT / "ARCHITECTURE.md").read_text()
    table = architecture.partition("## Where do I change")[2].partition("\n## ")[0]
    rows = [line.split("|")[2] for line in table.splitlines() if line.startswith("|")][2:]
    assert rows
    paths = [path for row in rows for path in re.findall(r"`([^`\s]+)`", row)]
    missing = [path for path in paths if not list(ROOT.glob(path))]
    assert not missing


def test_every_room_is_in_the_architecture() -> None:
    architecture = (ROOT / "ARCHITECTURE.md").read_text()
    rooms = {path.parent.name for path in (ROOT / "src/wayside").glob("*/__init__.py")}
    unnamed = {room for room in rooms if f"`{room}/`" not in architecture}
    assert not unnamed


def test_the_changelog_knows_this_version() -> None:
    sections = re.findall(r"^## \[([^\]]+)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert sections
    assert sections[0] == "Unreleased" or sections[0] == wayside.__version__


def test_make_alone_lists_the_commands() -> None:
    run = subprocess.run(["make", "-C", ROOT], capture_output=True, text=True, check=True)
    assert "make run" in run.stdout
    assert "make test" in run.stdout
