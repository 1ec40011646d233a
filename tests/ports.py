"""Ports for servers under test: whatever listens, of whatever families there are, gets a free one of this machine."""

from typing import Final

from wayside.app.catalogue import SETTINGS

FREE_PORTS: Final = {
    setting.environment: "127.0.0.1:0"
    for setting in SETTINGS.values()
    if setting.name == "upload" or setting.name.startswith(("http", "listen.", "rtmp"))
}
"""As environment; what a test says itself counts more."""
