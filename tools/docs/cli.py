"""The reference of the command line: what every command's own ``--help`` says."""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import cache

from cyclopts import App
from rich.console import Console

from tools.docs.generated import Page, Region
from tools.docs.markdown import fence
from wayside.cli import main

WIDTH = 100

HEAD = """\
# The `wayside` command

Each section is what `--help` prints. Commands that ask a server take its address from `--url` or `WAYSIDE_URL` and
their token from `--token` or `WAYSIDE_TOKEN`. What is printed for people goes through one rule: nothing that a device
sent reaches the terminal as a control character. With `--json` there is one object per line, nothing is shortened,
and the names are those of the [API](api.md). [Exit codes](errors.md#exit-codes) are the same for all commands.
"""


def page() -> Page:
    """The page ``docs/reference/cli.md``."""
    return Page("docs/reference/cli.md", "wayside.cli", text)


def overview() -> Region:
    """The commands at a glance, for the README."""
    return Region("README.md", "commands", lambda: fence(main.overview()))


def text() -> str:
    """Overview and every command."""
    sections = (f"## wayside {' '.join(name)}\n\n{fence(explained(name))}" for name in commands())
    return "\n\n".join([HEAD.strip(), fence(main.overview()), *sections])


@cache
def parser() -> App:
    """The command with all of its subcommands."""
    return main.build()


def commands() -> Iterator[tuple[str, ...]]:
    """Every command in the order of the overview, each followed by its subcommands."""
    for entry in main.COMMANDS:
        yield (entry.name,)
        yield from ((entry.name, name) for name in subcommands(parser()[entry.name]))


def subcommands(app: App) -> list[str]:
    """Names of subcommands, without switches such as ``--help``."""
    return [name for name in app if not name.startswith("-")]


def explained(name: tuple[str, ...]) -> str:
    """What ``wayside NAME --help`` prints on a wide, plain terminal."""
    paper = io.StringIO()
    parser().help_print(list(name), console=Console(file=paper, width=WIDTH, color_system=None))
    return "\n".join(line.rstrip() for line in paper.getvalue().splitlines())
