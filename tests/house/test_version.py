"""The version is said in two places, because the package must know it without being installed."""

import tomllib
from pathlib import Path

import wayside

ROOT = Path(__file__).parents[2]


def test_pyproject_and_package_agree_on_the_version() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert declared == wayside.__version__
