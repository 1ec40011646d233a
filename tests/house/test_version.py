"""The version is said in two places, because the package must know it without being installed."""

import tomllib

import wayside
from tests.house.project import ROOT


def test_pyproject_and_package_agree_on_the_version() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert declared == wayside.__version__
