"""What is installed is what was locked, and whether something is known against it can be asked."""

import re
from pathlib import Path

import pytest

from tests.house.project import ROOT
from tools.audit import CLEAN, UNKNOWN, VULNERABLE, Advisory, NotAudited, Package, Report, main

LOCK = (ROOT / "requirements.lock").read_text()
PIN = re.compile(r"^([\w.-]+)==([\w.!+-]+)(?: ; (.*?))? \\$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}(?: \\)?$")
COMMENT = re.compile(r"^ *#")


def test_the_lock_holds_pins_with_hashes_and_nothing_else() -> None:
    """Line by line, so that an option, a path, an address or a requirement of another form cannot slip in."""
    lines = [line for line in LOCK.splitlines() if line and not COMMENT.match(line)]
    assert [line for line in lines if not PIN.match(line) and not HASH.match(line)] == []
    pins = [number for number, line in enumerate(lines) if PIN.match(line)]
    assert [lines[number] for number in pins if not HASH.match(lines[number + 1])] == []
    assert len(pins) > 50


def test_the_environment_is_made_from_the_lock_by_hash() -> None:
    recipe = (ROOT / "Makefile").read_text()
    installs = re.findall(r"^\t.*(?:pip sync|pip install).*$", recipe, re.MULTILINE)
    unlocked = [line for line in installs if "--require-hashes requirements.lock" not in line]
    assert len(installs) - len(unlocked) == 1
    # The installer itself, and the project without its dependencies.
    assert all(
        line.endswith(" uv") or "--no-deps --no-build-isolation --editable ." in line for line in unlocked
    )


ONE = "one==1.0 \\\n    --hash=sha256:00\n"
TWO = ONE + "two==2.0 \\\n    --hash=sha256:00\n"


class Database:
    """Knows these packages; what it was asked is remembered."""

    def __init__(self, *known: Package) -> None:
        self.known = {package.name: package for package in known}
        self.asked: list[list[str]] = []

    def __call__(self, requirements: Path) -> Report:
        names = re.findall(r"^(\w+)==", requirements.read_text(), re.MULTILINE)
        self.asked.append(names)
        return Report([self.known.get(name) or Package(name, skip_reason="not found") for name in names])


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "requirements.lock"
    path.write_text("# a comment\n" + TWO)
    return path


def test_nothing_known_is_said_only_when_all_was_looked_up(
    lock: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = Database(Package("one", "1.0"), Package("two", "2.0"))
    assert main(lock, database) == CLEAN
    assert database.asked == [["one"], ["one", "two"]]
    assert "2 packages looked up, 0 with" in capsys.readouterr().out


def test_what_is_known_is_said(lock: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = Package("two", "2.0", [Advisory("CVE-1", fix_versions=["2.1"]), Advisory("CVE-2")])
    assert main(lock, Database(Package("one", "1.0"), bad)) == VULNERABLE
    said = capsys.readouterr().out
    assert "two 2.0: CVE-1; mended in 2.1\ntwo 2.0: CVE-2; not mended yet\n" in said
    assert "1 with known" in said


@pytest.mark.parametrize("known", [(), (Package("one", "1.0"),)], ids=["no database", "one is missing"])
def test_what_could_not_be_looked_up_is_said_loudly(
    lock: Path, capsys: pytest.CaptureFixture[str], known: tuple[Package, ...]
) -> None:
    assert main(lock, Database(*known)) == UNKNOWN
    captured = capsys.readouterr()
    assert "NOT AUDITED" in captured.err
    assert "looked up" not in captured.out


def test_a_tool_that_breaks_is_no_clean_answer(lock: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def broken(_: Path) -> Report:
        raise NotAudited("name or service not known")

    assert main(lock, broken) == UNKNOWN
    assert "name or service not known" in capsys.readouterr().err
