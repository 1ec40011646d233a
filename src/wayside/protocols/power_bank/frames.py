"""The cabinet's frames: ``{"<IMEI>,<command>,<fields>,<CRC16>"}`` and a line end, both ways (section 1)."""

from __future__ import annotations

from typing import Final

import msgspec

from wayside.protocol.base import Side
from wayside.protocol.framing import MORE, Fault, FrameError, Framer
from wayside.protocol.imei import IMEI_DIGITS
from wayside.protocols.power_bank.crc import Crc
from wayside.wire.errors import EncodeError

HEAD: Final = b'{"'
TAIL: Final = b'"}'

# An inventory of 64 slots with banks of 24 letters has 2000 bytes; the document's cabinets have three slots.
FRAME_BYTES_MAX: Final = 2048

# Command words have two letters; one that no table knows still becomes part of a name.
WORD_LENGTH_MAX: Final = 4

CRC_DIGITS: Final = 4
HEXADECIMAL: Final = frozenset("0123456789ABCDEFabcdef")

SEPARATORS: Final = ",.;"
"""The document mixes them, and puts blanks beside them; none of them can be part of a field."""
AS_BLANKS: Final = str.maketrans(SEPARATORS, " " * len(SEPARATORS))

BETWEEN_FRAMES: Final = b"\r\n \t\x00"
"""Line ends, blanks and padding: nobody's mistake."""

NAMES: Final = {
    "CH": "heartbeat",
    "CQ": "inventory_request",
    "AQ": "inventory",
    "CC.BW": "borrow",
    "MQ": "bank_query",
    "RQ.T": "bank_known",
    "RQ.F": "bank_unknown",
    "MC.BO": "borrowed",
    "AM.BO": "borrowed_receipt",
    "MC.RO": "returned",
    "AM.RO": "returned_receipt",
    "MR.BF": "borrow_failed",
    "AR.BF": "borrow_failed_receipt",
    "MR.RF": "return_failed",
    "AR.RF": "return_failed_receipt",
}
"""What the messages are called, by command word and, behind a dot, their kind."""


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One frame.  ``raw`` runs from ``{`` to ``}``; ``code`` is a key of ``NAMES``, or a word that is not there.

    ``fields`` are what follows the code, without separators; ``text`` is what the CRC is about, as it came.
    """

    raw: bytes
    name: str
    imei: str
    code: str
    fields: list[str]
    text: str
    crc: str


class BraceFramer(Framer[Frame]):
    """Finds ``{"``, ends at ``"}``, and takes a second ``{"`` for the start of the next.  Alike in both directions."""

    frame_bytes_max = FRAME_BYTES_MAX

    def __init__(self, side: Side) -> None:  # noqa: ARG002 - what a Link calls with the side
        super().__init__()

    def noise(self, buffer: bytes, start: int, end: int) -> bytes:
        """What stands between two frames and is not white space."""
        return buffer[start:end].translate(None, BETWEEN_FRAMES)

    def find(self, buffer: bytes, position: int) -> int:
        """The next ``{"``, or a ``{`` at the very end."""
        start = buffer.find(HEAD, position)
        if start >= 0:
            return start
        size = len(buffer)
        return size - 1 if size > position and buffer.endswith(HEAD[:1]) else size

    def measure(self, buffer: bytes, start: int) -> int:
        """Up to ``"}``, or up to the next ``{"`` where the frame was cut short."""
        content = start + len(HEAD)
        limit = start + FRAME_BYTES_MAX
        end = buffer.find(TAIL, content, limit)
        following = buffer.find(HEAD, content, limit if end < 0 else end)
        if following >= 0:
            return following - start
        return end + len(TAIL) - start if end >= 0 else MORE

    def open(self, raw: bytes) -> Frame:
        """Check the envelope: IMEI, command word, four digits of CRC.  Whether they are right, the session decides."""
        if not raw.endswith(TAIL):
            raise FrameError(Fault.FRAMING, 'the next frame begins before "}', in_step=True)
        content = raw[len(HEAD) : -len(TAIL)].decode("ascii", "replace")
        if not (content.isascii() and content.isprintable()):
            raise FrameError(Fault.MESSAGE, "bytes that are not printable ASCII", in_step=True)
        parts = content.translate(AS_BLANKS).split()
        if len(parts) < 3:  # noqa: PLR2004 - IMEI, word, CRC
            raise FrameError(Fault.MESSAGE, "IMEI, command and CRC wanted", in_step=True)
        imei, word, *fields, crc = parts
        if not (len(imei) == IMEI_DIGITS and imei.isdigit()):
            raise FrameError(Fault.MESSAGE, f"IMEI {imei[:20]!r}, {IMEI_DIGITS} digits wanted", in_step=True)
        if not (len(word) <= WORD_LENGTH_MAX and word.isalnum()):
            raise FrameError(Fault.MESSAGE, f"command {word[:16]!r}", in_step=True)
        if not (len(crc) == CRC_DIGITS and HEXADECIMAL.issuperset(crc)):
            raise FrameError(
                Fault.CHECKSUM, f"CRC {crc[:16]!r}, four hexadecimal digits wanted", in_step=True
            )
        code = word
        if word not in NAMES and fields and f"{word}.{fields[0]}" in NAMES:
            code = f"{word}.{fields.pop(0)}"
        return Frame(
            raw, NAMES.get(code) or f"unknown_{word}", imei, code, fields, _checked(content, crc), crc
        )


def _checked(content: str, crc: str) -> str:
    """The text from the IMEI up to the separator before the CRC."""
    text = content[: content.rindex(crc)].strip(" ")
    return text[:-1] if text[-1] in SEPARATORS else text


def seal(imei: str, content: str, crc: Crc) -> bytes:
    """The bytes of one frame, ready to be sent; ``content`` is what stands between the IMEI and the CRC.

    Raises:
        EncodeError: the frame would be longer than the other side need accept.
    """
    text = f"{imei},{content}"
    frame = f'{{"{text},{crc.of(text)}"}}'
    if len(frame) > FRAME_BYTES_MAX:
        raise EncodeError(f"{content[:2]}: {len(frame)} bytes, {FRAME_BYTES_MAX} at most", "fields")
    return frame.encode("ascii") + b"\r\n"
