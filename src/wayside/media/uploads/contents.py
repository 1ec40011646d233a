"""What a file holds, by its first bytes: what a name or a form says of it is not believed."""

from __future__ import annotations

from typing import Final

import msgspec

from wayside.protocol.uploads import Shot

HEAD_BYTES: Final = 3 * 188 + 4
"""What is looked at: an MPEG transport stream shows by the beginnings of several of its packets of 188 bytes."""


class Content(msgspec.Struct, frozen=True):
    """A type that is taken.  ``marks`` must all stand at their offsets."""

    type: str
    shot: Shot
    marks: tuple[tuple[int, bytes], ...]


# ISO base media files begin with a box; recorders that write as they go begin with another than `ftyp`.
_BOXES: Final = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide")

CONTENTS: Final = (
    Content("image/jpeg", Shot.PICTURE, ((0, b"\xff\xd8\xff"),)),
    Content("image/png", Shot.PICTURE, ((0, b"\x89PNG\r\n\x1a\n"),)),
    Content("audio/mp4", Shot.AUDIO, ((4, b"ftypM4A "),)),
    *(Content("video/mp4", Shot.VIDEO, ((4, box),)) for box in _BOXES),
    Content("video/mp2t", Shot.VIDEO, ((0, b"G"), (188, b"G"), (376, b"G"))),
    # With the four bytes of a time before each packet.
    Content("video/mp2t", Shot.VIDEO, ((4, b"G"), (196, b"G"), (388, b"G"))),
    Content("video/x-msvideo", Shot.VIDEO, ((0, b"RIFF"), (8, b"AVI "))),
    Content("video/x-flv", Shot.VIDEO, ((0, b"FLV\x01"),)),
    Content("audio/amr", Shot.AUDIO, ((0, b"#!AMR"),)),
    Content("audio/wav", Shot.AUDIO, ((0, b"RIFF"), (8, b"WAVE"))),
    Content("audio/mpeg", Shot.AUDIO, ((0, b"ID3"),)),
    Content("audio/mpeg", Shot.AUDIO, ((0, b"\xff\xfb"),)),
    Content("audio/aac", Shot.AUDIO, ((0, b"\xff\xf1"),)),
    Content("audio/aac", Shot.AUDIO, ((0, b"\xff\xf9"),)),
)

SUFFIXES: Final[dict[str, Shot]] = {
    **dict.fromkeys(("jpg", "jpeg", "png"), Shot.PICTURE),
    **dict.fromkeys(("mp4", "m4v", "mov", "3gp", "ts", "m2ts", "avi", "flv"), Shot.VIDEO),
    **dict.fromkeys(("amr", "wav", "mp3", "aac", "m4a"), Shot.AUDIO),
}
"""What a name's ending promises; another ending promises nothing."""


def content_of(head: bytes) -> Content | None:
    """The type of a file that begins so; None: none that is taken."""
    for content in CONTENTS:
        if all(head[at : at + len(mark)] == mark for at, mark in content.marks):
            return content
    return None


def promised(name: str) -> Shot | None:
    """What the name says that the file holds."""
    return SUFFIXES.get(name.rpartition(".")[2].lower())
