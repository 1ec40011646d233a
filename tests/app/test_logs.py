"""Log lines: JSON that programs can read, whatever devices put into them, and ours beside the libraries'."""

import logging
import subprocess
import sys
from typing import Any

import msgspec

SCRIPT = """
import logging, structlog
from wayside.app import logs
from wayside.app.settings import LogFormat, LogLevel, LogSettings
logs.configure(LogSettings(level=LogLevel.{level}, format=LogFormat.{form}))
log = structlog.get_logger("wayside.test")
log.debug("quiet")
log.warning("frame refused", bytes="00ff", raw=b"x", device="a\\n{{fake}}\\x1b[2J", bare="\\x1b[31m\\x9b1m\\u202e")
logging.getLogger("library").error("theirs %s", "\\x1b[2J\\n")
logging.getLogger("httpx").info("a request")
try:
    raise ValueError("why\\x1b[2J \\ud800")
except ValueError:
    log.exception("broken")
"""


def logged(level: str, form: str) -> list[str]:
    code = SCRIPT.format(level=level, form=form)
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == ""
    return run.stderr.splitlines()


def test_each_line_is_json() -> None:
    lines: list[dict[str, Any]] = [msgspec.json.decode(line) for line in logged("INFO", "JSON")]
    assert [line["event"] for line in lines] == ["frame refused", "theirs \x1b[2J\n", "broken"]
    assert [line["level"] for line in lines] == ["warning", "error", "error"]
    assert lines[0]["device"] == "a\n{fake}\x1b[2J"
    assert lines[1]["logger"] == "library"
    assert "ValueError: why" in lines[2]["exception"]
    assert all(line["timestamp"].endswith("Z") for line in lines)


def test_json_gives_a_terminal_no_orders() -> None:
    assert all(line.isprintable() for line in logged("INFO", "JSON"))


def test_the_level_decides() -> None:
    assert len(logged("DEBUG", "JSON")) == 4
    assert logging.getLevelName("ERROR") == logging.ERROR
    assert len(logged("ERROR", "JSON")) == 2


def test_text_keeps_control_characters_out() -> None:
    first, *rest = logged("INFO", "TEXT")
    assert "frame refused" in first
    assert all(line.isprintable() for line in (first, *rest)), "colours are for terminals only"
    assert r"bare=\x1b[31m\x9b1m\u202e" in first
    assert "{fake}" in first
    assert "ValueError: why" in "\n".join(rest)
    assert not [line for line in rest if "Warning" in line]
