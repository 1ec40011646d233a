"""The process that decodes: a file on standard input, a small JPEG on standard output.

Run as ``python -I -m wayside.media.decoder CONTENT-TYPE``.  It takes its own rights away before it looks at a byte: it
can open nothing, write nothing, and has little memory and time.  Which format is tried follows from the content type
alone, because some that FFmpeg would find by itself are lists of other files to open.
"""

from __future__ import annotations

import resource
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from av import VideoFrame

MEMORY_BYTES: Final = 1024 * 1024 * 1024
"""Address space: the libraries take 120 MB of it, a frame of 4K video 12 MB, and decoders hold some sixteen."""

CPU_S: Final = 10
"""A first frame takes tenths of a second, of 4K video too."""

PIXELS_MAX: Final = 64_000_000
"""A picture that says it has more is not begun: twice the largest sensor of a dashcam."""

WIDTH_MAX: Final = 480
HEIGHT_MAX: Final = 480

FRAMES_TRIED: Final = 300
"""Packets without a picture in them: a clip that was cut begins in the middle of a group of some seconds."""

FORMATS: Final = {
    "image/jpeg": "jpeg_pipe",
    "image/png": "png_pipe",
    "video/mp4": "mov",
    "video/quicktime": "mov",
    "video/mp2t": "mpegts",
    "video/x-flv": "flv",
    "video/x-msvideo": "avi",
}
"""What each content type is to FFmpeg."""


def main() -> None:
    """Decode what is on standard input."""
    give_up_rights()
    sys.stdout.buffer.write(_jpeg(_first_frame(FORMATS[sys.argv[1]])))


def give_up_rights() -> None:
    """From here on this process has little memory and time, writes into no file, opens none, nor any connection.

    The streams that it has go on working.  Not even one that it closes leaves room for something else, and it cannot
    share its work with others that begin anew with its time.
    """
    _limit(resource.RLIMIT_AS, MEMORY_BYTES)
    _limit(resource.RLIMIT_CPU, CPU_S)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_CORE, 0)
    import av  # noqa: PLC0415 - within the limits already
    import av.subtitles.stream  # noqa: PLC0415 - what opening a file imports by itself, while files can be opened

    av.logging.set_level(None)
    _limit(resource.RLIMIT_NOFILE, 0)
    _limit(resource.RLIMIT_NPROC, 0)


def _limit(what: int, most: int) -> None:
    resource.setrlimit(what, (most, most))


def _first_frame(form: str) -> VideoFrame:
    import av  # noqa: PLC0415 - see above

    with av.open(sys.stdin.buffer, "r", format=form, metadata_errors="ignore") as container:
        stream = container.streams.video[0]
        stream.thread_count = 1
        if stream.width * stream.height > PIXELS_MAX:
            raise ValueError("too many pixels")
        for number, packet in enumerate(container.demux(stream)):
            if number == FRAMES_TRIED:
                break
            try:
                frames = packet.decode()
            except av.FFmpegError:
                continue
            for frame in frames:
                return frame
    raise ValueError("no frame")


def _jpeg(frame: VideoFrame) -> bytes:
    from fractions import Fraction  # noqa: PLC0415 - see above

    from av import CodecContext  # noqa: PLC0415 - see above

    scale = min(WIDTH_MAX / frame.width, HEIGHT_MAX / frame.height, 1)
    small = frame.reformat(
        max(1, round(frame.width * scale)), max(1, round(frame.height * scale)), format="yuvj420p", threads=1
    )
    small.pts = None
    encoder = CodecContext.create("mjpeg", "w")
    encoder.width, encoder.height, encoder.pix_fmt = small.width, small.height, "yuvj420p"
    encoder.time_base, encoder.thread_count = Fraction(1, 25), 1
    return b"".join(bytes(packet) for packet in [*encoder.encode(small), *encoder.encode(None)])


if __name__ == "__main__":
    main()
