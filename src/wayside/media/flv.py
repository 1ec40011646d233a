"""FLV, the shape in which live video travels on: tags, and what can be read from their first bytes.

Adobe's "Video File Format Specification" 10.1, annex E; for H.265 the codec number 12 of common practice and the
four letters of Enhanced RTMP.
"""

from __future__ import annotations

import enum
from typing import Final

import msgspec

AUDIO, VIDEO, SCRIPT = 8, 9, 18
HEADER: Final = b"FLV\x01\x05\x00\x00\x00\x09\x00\x00\x00\x00"
"""Audio and video to come, and the size of no tag before the first."""

TAG_HEADER_BYTES: Final = 11
_AVC, _HEVC = 7, 12
_AAC: Final = 10
_ENHANCED_AUDIO: Final = 9
_ENHANCED: Final = 0x80
_KEY_FRAME: Final = 1
_PLAIN_FRAMES: Final = frozenset({1})
_ENHANCED_FRAMES: Final = frozenset({1, 3})
"""The packet types that hold pictures, and not the end of a sequence or its metadata."""

VIDEO_CODECS: Final = {2: "h263", 4: "vp6", 5: "vp6a", 7: "h264", 12: "h265"}
AUDIO_CODECS: Final = {2: "mp3", 7: "g711a", 8: "g711u", 10: "aac", 11: "speex"}
FOUR_LETTERS: Final = {
    b"avc1": "h264",
    b"hvc1": "h265",
    b"av01": "av1",
    b"vp09": "vp9",
    b"mp4a": "aac",
    b"Opus": "opus",
}


class Role(enum.Enum):
    """What a tag is to somebody who begins to watch."""

    METADATA = enum.auto()
    VIDEO_HEADER = enum.auto()
    """The decoder's configuration: without it nothing can be shown."""
    AUDIO_HEADER = enum.auto()
    KEY = enum.auto()
    """A frame that needs none before it."""
    VIDEO = enum.auto()
    AUDIO = enum.auto()


class Kind(msgspec.Struct, frozen=True, gc=False):
    """``codec`` is "" where it is one that nobody has named."""

    role: Role
    codec: str = ""


def kind_of(tag: int, payload: bytes) -> Kind:
    """What the payload of an audio or video tag is; ``payload`` is not empty."""
    return _video(payload) if tag == VIDEO else _audio(payload)


def _video(payload: bytes) -> Kind:
    first = payload[0]
    if first & _ENHANCED:
        packet, codec = first & 0x0F, FOUR_LETTERS.get(payload[1:5], "")
        frames: frozenset[int] | None = _ENHANCED_FRAMES
    else:
        packet, codec = (payload[1] if len(payload) > 1 else 0), VIDEO_CODECS.get(first & 0x0F, "")
        # Older codecs have no packet types: their second byte is the picture's own.
        frames = _PLAIN_FRAMES if first & 0x0F in {_AVC, _HEVC} else None
    if frames is not None and packet == 0:
        return Kind(Role.VIDEO_HEADER, codec)
    shows = frames is None or packet in frames
    return Kind(Role.KEY if shows and first >> 4 & 7 == _KEY_FRAME else Role.VIDEO, codec)


def _audio(payload: bytes) -> Kind:
    number = payload[0] >> 4
    if number == _ENHANCED_AUDIO:
        starts = payload[0] & 0x0F == 0
        codec = FOUR_LETTERS.get(payload[1:5], "")
    else:
        starts = number == _AAC and len(payload) > 1 and payload[1] == 0
        codec = AUDIO_CODECS.get(number, "")
    return Kind(Role.AUDIO_HEADER if starts else Role.AUDIO, codec)


def tag(kind: int, timestamp_ms: int, payload: bytes) -> bytes:
    """A tag with the size that stands behind it."""
    size = len(payload)
    return b"".join(
        (
            bytes((kind,)),
            size.to_bytes(3),
            (timestamp_ms & 0xFFFFFF).to_bytes(3),
            bytes((timestamp_ms >> 24 & 0xFF, 0, 0, 0)),
            payload,
            (size + TAG_HEADER_BYTES).to_bytes(4),
        )
    )
