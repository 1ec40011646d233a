"""``wayside serve``: run the server."""

from __future__ import annotations

import os

from wayside.cli.options import DEFAULTS, SettingOptions
from wayside.cli.output import note


def serve(*, options: SettingOptions = DEFAULTS) -> None:
    """Run the server until SIGINT or SIGTERM, then let devices and callers finish.

    Settings come from defaults, the TOML file, WAYSIDE_… variables and options, the later ones winning; see
    `wayside config`.  Logs go to stderr.

    Args:
        options: The settings that can be given as options.
    """
    from wayside.app.config import strangers
    from wayside.app.serve import serve as run

    settings = options.load().settings
    for stranger in strangers(os.environ):
        note(f"ignored: {stranger}")
    run(settings)
