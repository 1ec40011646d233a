"""From a stream of bytes to frames: bounded, and back in step after nonsense.

A framer owns the bytes that do not make a whole frame yet.  The protocol says three things: where a frame may
begin, how long it is, and what is in it; the walking, the bounds and the resynchronising are here, once.
"""

from __future__ import annotations

import enum
from abc import ABC, abstractmethod
from typing import Final, Generic, Protocol, TypeVar

import msgspec

from wayside.wire.errors import ChecksumError, DecodeError

# Nonsense is reported, but no more of it than a person reads in a log line or a bad-frame event needs.
BAD_FRAME_SAMPLE_BYTES_MAX: Final = 512

# Each failed start mark costs a checksum over up to a whole frame, and one read can hold tens of thousands of
# start marks.  After this many refusals the rest of the read is thrown away; the gateway will hang up anyway.
BAD_FRAMES_PER_FEED_MAX: Final = 64


class Fault(enum.StrEnum):
    """What is wrong with a frame.  The words are part of ``wayside decode``'s contract."""

    LENGTH = "length"
    """Longer than any frame of the protocol, or the input ends before the frame does."""
    CHECKSUM = "checksum"
    """The checksum is not that of the bytes."""
    FRAMING = "framing"
    """Bytes outside any frame, or a frame whose end mark is not in its place."""
    MESSAGE = "message"
    """The frame is whole, its content is not what its message must hold."""


def fault_of(error: DecodeError) -> Fault:
    """What is wrong with a frame whose content was refused."""
    return Fault.CHECKSUM if isinstance(error, ChecksumError) else Fault.MESSAGE


class BadFrame(msgspec.Struct, frozen=True, gc=False):
    """Bytes that were refused.  ``raw`` is cut to the sample size; ``size`` is how many there were."""

    fault: Fault
    detail: str
    raw: bytes
    size: int


class FrameError(Exception):
    """Raised by ``Framer.open``.

    ``in_step``: the frame's end was in its place, so the next frame begins there; otherwise only the start mark is
    skipped, and the search goes on inside.
    """

    def __init__(self, fault: Fault, detail: str, *, in_step: bool) -> None:
        super().__init__(detail)
        self.fault = fault
        self.detail = detail
        self.in_step = in_step


class AnyFrame(Protocol):
    """What the gateway needs of a frame: its bytes, and the name of its message for logs and lists."""

    @property
    def raw(self) -> bytes:
        """The frame as it came, from its first byte to its last."""

    @property
    def name(self) -> str:
        """The message's name in the protocol (``location``), or ``unknown_…`` with its code."""


F = TypeVar("F")

# Answers of ``Framer.measure`` that are not a length.
MORE: Final = 0
NOT_HERE: Final = -1


class Framer(ABC, Generic[F]):
    """Cuts one direction of one connection into frames.

    ``frame_bytes_max`` bounds what is kept between two calls, whatever the peer sends: when no frame can come
    of the bytes any more, they are refused.
    """

    frame_bytes_max: int

    def __init__(self) -> None:
        self.rest = b""
        """What waits for the rest of its frame."""

    @property
    def pending(self) -> int:
        """How many bytes wait."""
        return len(self.rest)

    def feed(self, data: bytes) -> list[F | BadFrame]:
        """Everything that is whole now, in order.  Never raises, whatever the bytes."""
        # Nearly every read is one frame: it is opened without a search, which would find the same.
        if not self.rest:
            frame = self.one(data)
            if frame is not None:
                return [frame]
        return self.cut(data)

    def cut(self, data: bytes) -> list[F | BadFrame]:
        """``feed`` without trying ``one``."""
        buffer = self.rest + data if self.rest else data
        size = len(buffer)
        found: list[F | BadFrame] = []
        refused = 0
        position = seen = 0
        while refused < BAD_FRAMES_PER_FEED_MAX:
            if seen == size:
                self.rest = b""
                return found
            start = self.find(buffer, position)
            length = self.measure(buffer, start) if start < size else MORE
            if length == NOT_HERE:
                position = start + 1
                continue
            if start > seen and (noise := self.noise(buffer, seen, start)):
                found.append(bad(Fault.FRAMING, "bytes outside any frame", noise))
                refused += 1
            if (length or size - start) > self.frame_bytes_max:
                found.append(bad(Fault.LENGTH, f"longer than {self.frame_bytes_max} bytes", buffer[start:]))
                refused += 1
                position = seen = start + 1
                continue
            end = start + length
            if length == MORE or end > size:
                self.rest = buffer[start:]
                return found
            raw = buffer[start:end]
            try:
                found.append(self.open(raw))
                position = end
            except FrameError as error:
                found.append(bad(error.fault, error.detail, raw))
                refused += 1
                position = end if error.in_step else start + 1
            seen = position
        self.rest = b""
        return found

    def one(self, data: bytes) -> F | None:  # noqa: ARG002 - for those who can tell
        """The frame, where ``data`` is exactly one and a good one.  No promise: None is right, and has it cut."""
        return None

    def noise(self, buffer: bytes, start: int, end: int) -> bytes:
        """The part of ``buffer[start:end]``, between two frames, that is worth a complaint.  All of it, as a rule."""
        return buffer[start:end]

    @abstractmethod
    def find(self, buffer: bytes, position: int) -> int:
        """Where the next start mark (or the beginning of one, at the very end) stands; ``len(buffer)`` if nowhere."""

    @abstractmethod
    def measure(self, buffer: bytes, start: int) -> int:
        """The frame's whole length; ``MORE`` if that is not known yet, ``NOT_HERE`` if this is no start after all."""

    @abstractmethod
    def open(self, raw: bytes) -> F:
        """The frame of these bytes, from its start mark to the end that ``measure`` found.

        Raises:
            FrameError: stop mark or checksum are wrong.
        """


def bad(fault: Fault, detail: str, raw: bytes) -> BadFrame:
    """A refusal with a bounded sample of the bytes."""
    return BadFrame(fault, detail, bytes(raw[:BAD_FRAME_SAMPLE_BYTES_MAX]), len(raw))
