"""The lock's lines: ``*BGCR,OM,<IMEI>,<command>,<fields>#`` from the lock, ``*BGCS…`` to it (section 2)."""

from __future__ import annotations

from typing import Final

import msgspec

from wayside.protocol.base import Side
from wayside.protocol.framing import MORE, Fault, FrameError, Framer
from wayside.protocol.imei import IMEI_DIGITS
from wayside.wire.errors import EncodeError

# The longest line is an upgrade with the address of its file; the document's own have at most 110 bytes.
FRAME_BYTES_MAX: Final = 512

# Two letters in every printed frame.  It is echoed to the lock that sent it, so it needs a bound.
VENDOR_LENGTH_MAX: Final = 8

# Command words have two characters; a word that no table knows still becomes part of a name.
WORD_LENGTH_MAX: Final = 4

HEADERS: Final = {Side.DEVICE: "*BGCR", Side.SERVER: "*BGCS"}

PREAMBLE: Final = b"\xff\xff"
"""Two raw bytes that stand before everything the server sends."""

BETWEEN_FRAMES: Final = b"\r\n\x0c \xff"
"""Line ends, form feeds, blanks and the preamble: nobody's mistake."""

NAMES: Final = {
    "Q0": "sign_in",
    "H0": "heartbeat",
    "S5": "status",
    "R0": "key",
    "L0": "unlock",
    "L1": "lock",
    "G0": "version",
    "W0": "alarm",
    "S3": "set_server",
    "U0": "upgrade",
    "S1": "reboot",
    "S8": "find",
    "S6": "auto_lock",
    "Re": "receipt",
}
"""What the command words are called in logs, events and lists."""


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One line, split at its commas.  ``raw`` runs from ``*`` to ``#``; ``word`` is the command."""

    raw: bytes
    name: str
    vendor: str
    imei: str
    word: str
    fields: list[str]


class LineFramer(Framer[Frame]):
    """Cuts what one side sends: finds ``*``, ends at ``#``, and takes a second ``*`` for the start of the next."""

    frame_bytes_max = FRAME_BYTES_MAX

    def __init__(self, side: Side) -> None:
        super().__init__()
        self._header = HEADERS[side]

    def noise(self, buffer: bytes, start: int, end: int) -> bytes:
        """What stands between two frames and is neither white space nor preamble."""
        return buffer[start:end].translate(None, BETWEEN_FRAMES)

    def find(self, buffer: bytes, position: int) -> int:
        """The next ``*``."""
        start = buffer.find(b"*", position)
        return start if start >= 0 else len(buffer)

    def measure(self, buffer: bytes, start: int) -> int:
        """Up to ``#``, or up to the next ``*`` where the line was cut short."""
        limit = start + FRAME_BYTES_MAX
        end = buffer.find(b"#", start, limit)
        following = buffer.find(b"*", start + 1, limit if end < 0 else end)
        if following >= 0:
            return following - start
        return end + 1 - start if end >= 0 else MORE

    def open(self, raw: bytes) -> Frame:
        """Check the envelope: header, vendor code, IMEI, command word."""
        if raw[-1:] != b"#":
            raise FrameError(Fault.FRAMING, "the next frame begins before '#'", in_step=True)
        if not raw.isascii():
            raise FrameError(Fault.MESSAGE, "bytes beyond ASCII", in_step=True)
        header, _, rest = raw[:-1].decode("ascii").partition(",")
        if header != self._header:
            raise FrameError(Fault.FRAMING, f"header {header[:8]!r}, not {self._header!r}", in_step=True)
        parts = rest.split(",", 3)
        if len(parts) < 3:  # noqa: PLR2004 - vendor, IMEI, word
            raise FrameError(Fault.MESSAGE, "vendor code, IMEI and command wanted", in_step=True)
        vendor, imei, word = parts[:3]
        if not (0 < len(vendor) <= VENDOR_LENGTH_MAX and vendor.isalnum()):
            raise FrameError(Fault.MESSAGE, f"vendor code {vendor[:16]!r}", in_step=True)
        if not (len(imei) == IMEI_DIGITS and imei.isdigit()):
            raise FrameError(Fault.MESSAGE, f"IMEI {imei[:20]!r}, {IMEI_DIGITS} digits wanted", in_step=True)
        if not (0 < len(word) <= WORD_LENGTH_MAX and word.isalnum()):
            raise FrameError(Fault.MESSAGE, f"command {word[:16]!r}", in_step=True)
        name = NAMES.get(word) or f"unknown_{word}"
        return Frame(raw, name, vendor, imei, word, parts[3].split(",") if len(parts) > 3 else [])  # noqa: PLR2004 - as above


def seal(side: Side, vendor: str, imei: str, word: str, fields: str = "") -> bytes:
    """The bytes of one line from ``side``, ready to be sent; ``fields`` are already joined.

    Raises:
        EncodeError: the line would be longer than a lock need accept.
    """
    line = ",".join(
        (HEADERS[side], vendor, imei, word, fields) if fields else (HEADERS[side], vendor, imei, word)
    )
    if len(line) >= FRAME_BYTES_MAX:
        raise EncodeError(f"{NAMES[word]}: {len(line) + 1} bytes, {FRAME_BYTES_MAX} at most", "fields")
    return (PREAMBLE if side is Side.SERVER else b"") + line.encode("ascii") + b"#\n"
