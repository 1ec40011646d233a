"""A picture and four seconds of video that simulated cameras took.  The clip shows a counter of seconds.

They were made by ffmpeg: baseline H.264 with a key frame each second, and silence as AAC, since that is what cameras
of the roadside send::

    ffmpeg -f lavfi -i testsrc=size=320x180:rate=10 -f lavfi -i anullsrc=r=16000:cl=mono -t 4 \
        -c:v libx264 -profile:v baseline -pix_fmt yuv420p -g 10 -bf 0 -crf 33 -preset veryslow \
        -c:a aac -b:a 8k -map_metadata -1 -fflags +bitexact -flags:v +bitexact -flags:a +bitexact \
        -movflags +faststart clip.mp4
    ffmpeg -i clip.mp4 -c copy -fflags +bitexact -flvflags no_duration_filesize clip.flv
    ffmpeg -f lavfi -i testsrc=size=320x180 -frames:v 1 -q:v 12 -map_metadata -1 -fflags +bitexact picture.jpg
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Final

from wayside.protocol.simulator import Sample

FILES: Final = {Sample.PICTURE: "picture.jpg", Sample.CLIP: "clip.mp4"}
STREAM: Final = "clip.flv"


@cache
def sample(which: Sample) -> bytes:
    """Its file."""
    return _read(FILES[which])


@cache
def stream() -> bytes:
    """The clip once more, as FLV."""
    return _read(STREAM)


def _read(name: str) -> bytes:
    return resources.files(__name__).joinpath(name).read_bytes()
