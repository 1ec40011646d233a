"""``wayside config``: the settings in effect, and where each comes from."""

from __future__ import annotations

import os

from wayside.app.catalogue import SETTINGS, shown
from wayside.app.config import strangers
from wayside.cli.options import DEFAULTS, Json, SettingOptions
from wayside.cli.output import json_line, note, table


def config(*, options: SettingOptions = DEFAULTS, json: Json = False) -> None:
    """Show every setting with its value and where that comes from.

    Sources, the later ones win: defaults, the TOML file (--config, WAYSIDE_CONFIG or ./wayside.toml),
    WAYSIDE_… environment variables, options.

    Args:
        options: The settings that can be given as options.
        json: A JSON object per setting, for programs.
    """
    effective = options.load()
    if json:
        for name in SETTINGS:
            json_line({"name": name, "value": effective.open_value(name), "source": effective.sources[name]})
    else:
        rows = [(name, shown(effective.open_value(name)), effective.sources[name]) for name in SETTINGS]
        table(("setting", "value", "from"), rows)
    for stranger in strangers(os.environ):
        note(f"ignored: {stranger}")
