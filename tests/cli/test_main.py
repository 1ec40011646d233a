"""The command as a whole: its overview costs nothing, its commands load, its mistakes have exit codes."""

import subprocess
import sys

import pytest

from tests.cli.running import environment, wayside, wayside_process
from wayside import __version__
from wayside.cli.main import COMMANDS, build, overview, run

HEAVY = (
    "apsw",
    "asyncio",
    "cyclopts",
    "httpx",
    "litestar",
    "msgspec",
    "rich",
    "structlog",
    "uvloop",
    "wayside.api",
)


def test_the_overview_loads_nothing_heavy() -> None:
    code = f"""
import sys
from wayside.cli.main import run
run(["--help"])
print([name for name in {HEAVY} if name in sys.modules])
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.splitlines()[-1] == "[]"


def test_the_overview_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == run(["--help"]) == run(["-h"]) == 0
    assert capsys.readouterr().out == overview() * 3
    for entry in COMMANDS:
        assert f"  {entry.name} " in overview()


def test_the_version_is_said() -> None:
    found = wayside_process("--version")
    assert (found.returncode, found.stdout) == (0, f"{__version__}\n")


@pytest.mark.parametrize("name", [entry.name for entry in COMMANDS])
def test_every_command_loads_and_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([name, "--help"]) == 0
    assert f"wayside {name}" in capsys.readouterr().out


def test_help_is_shown_word_for_word(capsys: pytest.CaptureFixture[str]) -> None:
    run(["send", "--help"])
    told = " ".join(capsys.readouterr().out.split())
    assert "<protocol>:<ident>, such as parking-lock:866266066379439" in told
    assert "with 3 when it may or may not have happened." in told


@pytest.mark.parametrize("arguments", [["confg"], ["--nonsense"], ["-"]])
def test_an_unknown_command_is_a_usage_error(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    assert f"there is no command {arguments[0]!r}" in capsys.readouterr().err


def test_a_near_miss_is_guessed(capsys: pytest.CaptureFixture[str]) -> None:
    run(["confg"])
    assert "did you mean config?" in capsys.readouterr().err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_learns_the_commands(shell: str) -> None:
    script = build().generate_completion(prog_name="wayside", shell=shell)  # type: ignore[arg-type]  # a literal
    assert all(entry.name in script for entry in COMMANDS)


def test_a_closed_pipe_is_no_traceback() -> None:
    line = f"{sys.executable} -c 'from wayside.cli.main import main; main()' config --json | head -n 1"
    found = subprocess.run(
        ["bash", "-c", line], capture_output=True, text=True, check=True, env=environment()
    )
    assert found.stderr == ""


def test_config_shows_values_and_sources() -> None:
    found = wayside(
        "config",
        "--listen",
        "jimi=127.0.0.1:7",
        "--set",
        "limits.batch_ms=9",
        env={"WAYSIDE_HTTP": "[::1]:1"},
    )
    rows = {line.split()[0]: line.split(maxsplit=2)[1:] for line in found.stdout.splitlines()[1:]}
    assert found.returncode == 0
    assert [part.strip() for part in rows["listen.jimi"]] == ["127.0.0.1:7", "command line"]
    assert [part.strip() for part in rows["limits.batch_ms"]] == ["9.0", "command line"]
    assert [part.strip() for part in rows["http"]] == ["[::1]:1", "environment WAYSIDE_HTTP"]


def test_a_wrong_setting_is_an_operators_error() -> None:
    found = wayside("config", "--http", "nowhere")
    assert found.returncode == 1
    assert found.stderr.startswith("wayside: http (command line): ")
    assert found.stdout == ""


def test_variables_that_set_nothing_are_mentioned() -> None:
    found = wayside("config", "--json", env={"WAYSIDE_LOG_LEVL": "debug"})
    assert "WAYSIDE_LOG_LEVL" in found.stderr
    assert "WAYSIDE_LOG_LEVEL" in found.stderr
