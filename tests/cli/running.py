"""The command as people run it: in this process, which spares each call the imports, or in one of its own."""

import io
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack, chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any
from unittest.mock import patch

import msgspec

from wayside.cli.main import run

WAYSIDE = (sys.executable, "-c", "from wayside.cli.main import main; main()")

Finished = subprocess.CompletedProcess[str]


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's, without settings of ours."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("WAYSIDE_")}
    return clean | dict(extra or {})


def wayside(
    *arguments: str, stdin: str = "", cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> Finished:
    """For commands that ask, answer and end; they see nothing of this process but its modules."""
    out, err = _file(), _file()
    with ExitStack() as world:
        world.enter_context(patch.dict(os.environ, environment(env), clear=True))
        world.enter_context(patch.object(sys, "stdin", _file(stdin)))
        world.enter_context(redirect_stdout(out))
        world.enter_context(redirect_stderr(err))
        if cwd is not None:
            world.enter_context(chdir(cwd))
        code = run(list(arguments))
    return Finished(arguments, code, _text(out), _text(err))


def wayside_process(
    *arguments: str, stdin: str = "", cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> Finished:
    """For what makes loops, takes signals and configures logging."""
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


def _file(text: str = "") -> io.TextIOWrapper:
    """A standard stream that is a file, not a terminal."""
    return io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8", newline="")


def _text(file: io.TextIOWrapper) -> str:
    file.flush()
    buffer = file.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode().replace("\r\n", "\n")
