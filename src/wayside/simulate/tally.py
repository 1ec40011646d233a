"""What a fleet has done so far."""

from __future__ import annotations

import msgspec


class Tally(msgspec.Struct):
    """Running totals; frames, not bytes.  ``bad`` are frames of the server that a device cannot read."""

    connected: int = 0
    reconnects: int = 0
    refused: int = 0
    """Attempts that never became a connection."""
    sent: int = 0
    received: int = 0
    bad: int = 0
    posts: int = 0
    """Files and lists that a server answered, whatever it said."""
    posts_lost: int = 0
    """Those that were cut off, or that nobody answered."""
    streams: int = 0
    """Live now."""
    streams_refused: int = 0
    """Attempts to stream that a server refused."""

    def copy(self) -> Tally:
        """The totals as they are now."""
        return msgspec.structs.replace(self)
