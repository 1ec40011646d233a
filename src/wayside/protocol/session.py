"""The server's side of one connection: a state machine without I/O and without a clock.

Everything that a session knows came in through these methods; everything it wants done goes out as effects.
So a session can be copied, replayed, and tested against a simulator in microseconds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

import msgspec

from wayside.model.commands import Command
from wayside.model.instant import Instant
from wayside.protocol.effects import Effects, Identify
from wayside.protocol.questions import Question

ATT_MTU_DEFAULT: Final = 23
"""What every BLE link can do before anything is negotiated (Bluetooth Core, vol. 3, part F, 3.2.8)."""


def no_randomness(size: int) -> bytes:
    """Zero bytes: for sessions that need none, and for previews that must come out the same twice."""
    return bytes(size)


def no_options(_: str) -> dict[str, str]:
    """For whoever knows no devices."""
    return {}


class Setup(msgspec.Struct, frozen=True):
    """What a session is born with.

    ``ident``: given where the transport already knows the device (a serial port that the operator named, a BLE
    address, a decoder that looks at one frame): the session then starts identified and sends no ``Identify``.
    ``random_bytes``: the only source of randomness.  ``options``: those of the protocol, from the configuration, or of
    the device where the transport knows it; ``options_of(ident)``: what was set for one device, for a session that
    finds out whose it is.
    ``mtu``: what a BLE link negotiated; a write or notification holds at most three bytes less.  The transport splits
    what is longer.
    """

    ident: str | None = None
    random_bytes: Callable[[int], bytes] = no_randomness
    options: dict[str, str] = {}
    mtu: int = ATT_MTU_DEFAULT
    options_of: Callable[[str], dict[str, str]] = no_options

    def options_for(self, ident: str | None) -> dict[str, str]:
        """All options of the device with this ident; of any, where it is not known yet."""
        return self.options if ident is None else self.options | self.options_of(ident)


class Session(Protocol):
    """One connection of one device.  ``at`` is always now, in microseconds since 1970 UTC."""

    def connected(self, at: Instant) -> Effects:
        """The link is up."""

    def receive(self, frame: Any, at: Instant) -> Effects:  # noqa: ANN401 - each framer has a frame type of its own
        """A frame came in.

        Raises:
            wayside.wire.DecodeError: its content does not have the shape of its message.  The session is as before.
        """

    def execute(self, command: Command, at: Instant) -> Effects:
        """Carry a command out: at least one ``Send`` with its id, an ``Ask``, or a ``Settle`` that says why not.

        Raises:
            wayside.model.errors.CommandError: the parameters cannot be put into the protocol's words.
        """

    def answer(self, question: Question | Identify, value: Any, at: Instant) -> Effects:  # noqa: ANN401 - see questions.py
        """The platform's answer to an ``Ask`` or an ``Identify``."""

    def wake(self, at: Instant) -> Effects:
        """The alarm clock rang.  May be late, never early."""

    def disconnected(self, at: Instant) -> Effects:
        """The link is gone: settle what was in flight.  ``Send`` means nothing here."""
