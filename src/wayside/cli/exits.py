"""How a command ends: its exit codes, and the errors that lead to them."""

from __future__ import annotations

from typing import Final

OK: Final = 0
FAILED: Final = 1
"""It could not be done: the server said no, a frame is bad, a setting is wrong."""
USAGE: Final = 2
"""It was not asked properly."""
UNDECIDED: Final = 3
"""It may or may not have happened; only the device can say."""
INTERRUPTED: Final = 130
"""Ctrl-C, as shells count it."""


class CliError(Exception):
    """The command failed; the text is for whoever typed it."""

    code = FAILED


class UsageError(CliError):
    """An argument cannot be read."""

    code = USAGE
