"""The command as people run it: a process of its own."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

WAYSIDE = (sys.executable, "-c", "from wayside.cli.main import main; main()")


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's, without settings of ours."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("WAYSIDE_")}
    return clean | dict(extra or {})


def wayside(
    *arguments: str, stdin: str = "", cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*WAYSIDE, *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env=environment(env),
    )


def json_lines(text: str) -> list[dict[str, Any]]:
    return [msgspec.json.decode(line) for line in text.splitlines()]
