"""What a peer that does not speak RTMP, or too much of it, comes to."""

from __future__ import annotations


class RtmpError(Exception):
    """The connection cannot go on; the text says why.  Nothing else leaves the parsers, whatever bytes come."""
