"""The device's side: what ``wayside simulate``, the demo and the tests drive.

A simulator is as pure as a session: bytes, time and randomness come in, ``Send``, ``WakeAt`` and ``Close`` go
out.  It is built of the same messages, but keeps its own state, and can be told to misbehave.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

import msgspec

from wayside.model.instant import Instant
from wayside.protocol.effects import Close, Send, WakeAt

Reaction = Send | WakeAt | Close
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
    ones do (late, failing, unanswered), 0 to 1.
    """

    number: int
    interval_s: float = 10.0
    faults: float = 0.02


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
