"""Pictures and clips, made on the spot: left half white, right half black."""

import io
from fractions import Fraction

import av


def frame(width: int, height: int, form: str = "rgb24") -> av.VideoFrame:
    picture = av.VideoFrame(width, height, "rgb24")
    line = b"\xff" * (width // 2 * 3) + b"\0" * ((width - width // 2) * 3)
    stride = picture.planes[0].line_size
    picture.planes[0].update(line.ljust(stride, b"\0") * height)
    return picture.reformat(format=form)


def still(width: int = 64, height: int = 48, codec: str = "mjpeg") -> bytes:
    form = "yuvj420p" if codec == "mjpeg" else "rgb24"
    encoder = av.CodecContext.create(codec, "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = width, height, form, Fraction(1, 25)
    return b"".join(map(bytes, [*encoder.encode(frame(width, height, form)), *encoder.encode(None)]))


def clip(form: str, width: int = 64, height: int = 48, frames: int = 12) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format=form) as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(frames):
            picture = frame(width, height, "yuv420p")
            picture.pts = number
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return file.getvalue()


def decoded(jpeg: bytes) -> av.VideoFrame:
    with av.open(io.BytesIO(jpeg), "r", format="jpeg_pipe") as container:
        return next(container.decode(video=0))
