"""The lock installs the same from any registry, and holds what pyproject.toml asks for; its hashes: tests/security."""

import json
import re
import tomllib

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house.project import ROOT, files, shown

LOCK = (ROOT / "requirements.lock").read_text()
PINNED: dict[str, list[str]] = {}  # several where it depends on the Python
for name, version in re.findall(r"^([\w.-]+)==([\w.!+-]+)", LOCK, re.MULTILINE):
    PINNED.setdefault(canonicalize_name(name), []).append(version)


def test_the_lock_names_no_registry() -> None:
    assert not re.findall(r"^.*(?:://|--index|--extra-index|--find-links).*$", LOCK, re.MULTILINE)


def test_the_lock_satisfies_pyproject() -> None:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras = pyproject["project"].get("optional-dependencies", {})
    asked = [
        *pyproject["project"]["dependencies"],
        *pyproject["dependency-groups"]["dev"],
        *(requirement for extra in extras.values() for requirement in extra),
    ]
    assert PINNED
    unmet = [
        requirement
        for requirement in map(Requirement, asked)
        if not any(map(requirement.specifier.contains, PINNED.get(canonicalize_name(requirement.name), [])))
    ]
    assert not unmet, "run `make lock`"


def test_no_other_lock_names_a_registry() -> None:
    assert not list(files("uv.lock"))
    for path in files("package-lock.json"):
        packages = json.loads(path.read_text()).get("packages", {})
        named = [name for name, package in packages.items() if "://" in package.get("resolved", "")]
        assert not named, shown(path)
