"""``wayside completion``: the script that teaches a shell our commands."""

from __future__ import annotations

import sys
from typing import Literal


def completion(shell: Literal["bash", "zsh", "fish"], /) -> None:
    """Print the completion script of a shell.

    Such as: wayside completion bash > ~/.local/share/bash-completion/completions/wayside

    Args:
        shell: Which shell.
    """
    from wayside.cli.main import build

    sys.stdout.write(build().generate_completion(prog_name="wayside", shell=shell))
