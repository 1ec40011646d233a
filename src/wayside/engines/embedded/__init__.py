"""The embedded engine: a SQLite file and a bus in memory, for one process on one machine."""

from wayside.engines.embedded.bus import InProcessBus
from wayside.engines.embedded.store import EmbeddedStore

__all__ = ["EmbeddedStore", "InProcessBus"]
