"""The device's side: what ``wayside simulate``, the demo and the tests drive.

A simulator is as pure as a session: bytes, time and randomness come in, ``Send``, ``WakeAt`` and ``Close`` go
out, and ``Post``, ``Publish`` and ``Unpublish`` of devices that speak more than their own protocol.  It is built of the
same messages, but keeps its own state, and can be told to misbehave.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Final, Protocol, TypeVar, runtime_checkable

import msgspec

from wayside.model.instant import Instant
from wayside.protocol.effects import Close, Send, WakeAt


class Sample(enum.StrEnum):
    """What a camera would have taken: whoever drives a simulator has the bytes."""

    PICTURE = "picture"
    """A JPEG."""
    CLIP = "clip"
    """H.264 and AAC in an MP4, or in whatever a stream wants."""


SAMPLE_CLIP_S: Final = 4.0
"""How long the clip is."""


class Post(msgspec.Struct, frozen=True):
    """Post this over HTTP, on a connection of its own; what comes of it is told by ``Uploader.posted``.

    ``body`` in pieces.  ``chunked``: without a Content-Length, and each piece a chunk.  ``cut_after``: hang up after
    so many bytes of the body, as a modem does that loses its network.
    """

    url: str
    content_type: str
    body: tuple[bytes | Sample, ...]
    chunked: bool = False
    cut_after: int | None = None


class Answer(msgspec.Struct, frozen=True):
    """An HTTP server's answer."""

    status: int
    body: bytes


class Publish(msgspec.Struct, frozen=True):
    """Stream the sample clip over RTMP, again and again, until ``Unpublish``."""

    url: str


class Unpublish(msgspec.Struct, frozen=True):
    """End the stream to this address, if there is one."""

    url: str


Reaction = Send | WakeAt | Close | Post | Publish | Unpublish
Reactions = list[Reaction]

T = TypeVar("T")


class Random(Protocol):
    """The part of ``random.Random`` that simulators use; whoever makes one chooses the seed."""

    def random(self) -> float:
        """A number x, 0 ≤ x < 1."""

    def uniform(self, a: float, b: float) -> float:
        """A number between a and b."""

    def randrange(self, start: int, stop: int) -> int:
        """A whole number n, start ≤ n < stop."""

    def choice(self, seq: Sequence[T]) -> T:
        """One of them."""


class Behaviour(msgspec.Struct, frozen=True):
    """What a fleet of simulators is asked to do.

    ``number`` tells the devices of a fleet apart (their idents follow from it); ``interval_s`` is the time
    between two reports; ``faults`` is the share of occasions on which the device misbehaves in the ways real
    ones do (late, failing, unanswered), 0 to 1.  ``upload_url`` and ``stream_url``: where devices that upload and
    stream do so until they are told otherwise; "": nowhere.
    """

    number: int
    interval_s: float = 10.0
    faults: float = 0.02
    upload_url: str = ""
    stream_url: str = ""


class Simulator(Protocol):
    """One simulated device on one connection after another."""

    @property
    def ident(self) -> str:
        """Who it says it is."""

    def connected(self, at: Instant) -> Reactions:
        """The link is up."""

    def received(self, data: bytes, at: Instant) -> Reactions:
        """Bytes from the server, cut anywhere."""

    def wake(self, at: Instant) -> Reactions:
        """The alarm clock rang; ``WakeAt`` works as in sessions."""


@runtime_checkable
class Uploader(Protocol):
    """A simulator that says ``Post``; one at a time."""

    def posted(self, answer: Answer | None, at: Instant) -> Reactions:
        """The answer to the last ``Post``; None: none came.  May be told while the link is down."""
