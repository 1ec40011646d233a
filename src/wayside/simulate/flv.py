"""The shipped clip as FLV, taken apart: what RTMP carries is the contents of its tags (FLV 10.1, E.4)."""

from __future__ import annotations

from typing import Final

import msgspec

AUDIO, VIDEO, SCRIPT = 8, 9, 18
FILE_HEADER_BYTES: Final = 13
"""With the size of no tag behind it."""
TAG_HEADER_BYTES: Final = 11
TAG_SIZE_BYTES: Final = 4


class Tag(msgspec.Struct, frozen=True):
    """``is_header``: the decoder's configuration, or metadata: sent once, before everything else."""

    type: int
    timestamp_ms: int
    payload: bytes

    @property
    def is_header(self) -> bool:
        """Metadata, or packet type 0 of AVC and AAC."""
        return self.type == SCRIPT or self.payload[1] == 0


def tags_of(flv: bytes) -> tuple[Tag, ...]:
    """Every tag, in order."""
    found = []
    at = FILE_HEADER_BYTES
    while at < len(flv):
        body = at + TAG_HEADER_BYTES
        end = body + int.from_bytes(flv[at + 1 : at + 4])
        time = int.from_bytes(flv[at + 4 : at + 7]) | flv[at + 7] << 24
        found.append(Tag(flv[at], time, flv[body:end]))
        at = end + TAG_SIZE_BYTES
    return tuple(found)
