"""`python -m tools.audit`: look the locked packages up in the database of known vulnerabilities.

Exits with 0 when every package was looked up and nothing is known of any, with 1 when something is, and with 2 when
it cannot be said, because the database cannot be reached or does not know a package.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

LOCK: Final = Path(__file__).parents[1] / "requirements.lock"

# By hash, and without pip: exactly what is locked, and nothing is downloaded or built.
PIP_AUDIT: Final = (
    *(sys.executable, "-m", "pip_audit", "--require-hashes", "--disable-pip"),
    *("--progress-spinner", "off", "--format", "json", "--requirement"),
)

CLEAN: Final = 0
VULNERABLE: Final = 1
UNKNOWN: Final = 2


class Advisory(msgspec.Struct, frozen=True):
    """What is known against a package."""

    id: str
    description: str = ""
    fix_versions: list[str] = []


class Package(msgspec.Struct, frozen=True):
    """What became of one package; ``skip_reason``: it was not looked up."""

    name: str
    version: str = ""
    vulns: list[Advisory] = []
    skip_reason: str | None = None


class Report(msgspec.Struct, frozen=True):
    """What pip-audit prints."""

    dependencies: list[Package]


class NotAudited(Exception):
    """It cannot be said whether anything is known."""


Look = Callable[[Path], Report]


def look(requirements: Path) -> Report:
    """Have pip-audit look a file of requirements up.

    Raises:
        NotAudited: it did not get so far as to say anything.
    """
    done = subprocess.run([*PIP_AUDIT, str(requirements)], capture_output=True, text=True, check=False)  # noqa: S603 - spelled out above
    try:
        return msgspec.json.decode(done.stdout, type=Report)
    except msgspec.MsgspecError as error:
        last = done.stderr.strip().rpartition("\n")[2]
        raise NotAudited(last or f"pip-audit ended with {done.returncode}") from error


def audit(lock: str, look: Look) -> list[Package]:
    """All packages of the lock, looked up.

    Raises:
        NotAudited: not all of them could be.
    """
    first = re.split(r"^(?=[\w.-]+==)", lock, flags=re.MULTILINE)[1]
    # One alone comes first: a database that does not know it is not there, and need not be asked for all the others.
    for text in (first, lock):
        packages = _looked_up(text, look)
    return packages


def _looked_up(text: str, look: Look) -> list[Package]:
    with tempfile.TemporaryDirectory(prefix="wayside-audit-") as folder:
        path = Path(folder) / "requirements.txt"
        path.write_text(text)
        packages = look(path).dependencies
    if not packages:
        raise NotAudited("there was nothing to look up")
    if skipped := [package for package in packages if package.skip_reason is not None]:
        reasons = "; ".join(f"{package.name}: {package.skip_reason}" for package in skipped[:5])
        raise NotAudited(f"{len(skipped)} of {len(packages)} packages were not found: {reasons}")
    return packages


def main(lock: Path = LOCK, look: Look = look) -> int:
    """Say what is known; the exit status."""
    try:
        packages = audit(lock.read_text(), look)
    except NotAudited as error:
        print(
            f"audit: NOT AUDITED. The advisory database could not be asked: {error}\n"
            "audit: this says nothing about the packages. Run it again where the Python package index is reachable.",
            file=sys.stderr,
        )
        return UNKNOWN
    lines = list(_findings(packages))
    print(*lines, sep="\n", end="\n" if lines else "")
    affected = sum(bool(package.vulns) for package in packages)
    print(f"audit: {len(packages)} packages looked up, {affected} with known vulnerabilities")
    return VULNERABLE if affected else CLEAN


def _findings(packages: Sequence[Package]) -> list[str]:
    return [
        f"{package.name} {package.version}: {found.id}; "
        f"{'mended in ' + ', '.join(found.fix_versions) if found.fix_versions else 'not mended yet'}"
        for package in packages
        for found in package.vulns
    ]


if __name__ == "__main__":
    sys.exit(main())
