"""Each import contract bites: a planted violation in a copy of the package breaks that contract and no other."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.project import ROOT

# Contract → {file to plant under src/wayside: its text}.
VIOLATIONS = {
    "Rooms open one way": {"wire/planted.py": "import wayside.model\n"},
    "Protocols do not know each other": {
        "protocols/planted_one/__init__.py": "import wayside.protocols.planted_two\n",
        "protocols/planted_two/__init__.py": "",
    },
    "Only the composition root names a protocol": {
        "protocols/planted/__init__.py": "",
        "cli/planted.py": "import wayside.protocols.planted\n",
    },
    "Codecs and sessions do no I/O and have no clock": {"wire/planted.py": "import asyncio\n"},
    "No cycles between siblings": {
        "gateway/planted_one.py": "import wayside.gateway.planted_two\n",
        "gateway/planted_two.py": "import wayside.gateway.planted_one\n",
    },
}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of what import-linter reads."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def broken_contracts(copy: Path) -> set[str]:
    run = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo"],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy / "src"), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    broken = {line.removesuffix("BROKEN").strip() for line in run.stdout.splitlines() if "BROKEN" in line}
    assert bool(broken) == bool(run.returncode), run.stdout + run.stderr
    return broken


def test_the_package_keeps_every_contract(copy: Path) -> None:
    assert broken_contracts(copy) == set()


@pytest.mark.parametrize("contract", VIOLATIONS)
def test_a_violation_breaks_its_contract(copy: Path, contract: str) -> None:
    for name, text in VIOLATIONS[contract].items():
        planted = copy / "src" / "wayside" / name
        planted.parent.mkdir(parents=True, exist_ok=True)
        (planted.parent / "__init__.py").touch()
        planted.write_text(text)
    assert broken_contracts(copy) == {contract}


def test_a_new_room_must_be_given_its_place(copy: Path) -> None:
    room = copy / "src" / "wayside" / "planted_room"
    room.mkdir()
    (room / "__init__.py").touch()
    assert broken_contracts(copy) == {"Rooms open one way"}


def test_every_contract_has_a_violation() -> None:
    pyproject = (ROOT / "pyproject.toml").read_text()
    declared = pyproject.count("[[tool.importlinter.contracts]]")
    assert declared == len(VIOLATIONS)
    assert all(f'name = "{contract}"' in pyproject for contract in VIOLATIONS)
