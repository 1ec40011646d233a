"""What a session may ask of the platform, and the answers.

Every question has one answer type; ``None`` in its place means: there is no such thing.
"""

from __future__ import annotations

import msgspec

from wayside.model.commands import State
from wayside.model.instant import Instant


class OpenCommand(msgspec.Struct, frozen=True):
    """A command of this device that an earlier connection left without an answer (or still holds open).

    ``sent_at``: when its first byte left, where that is known; a later report proves something only if it came
    soon after.  ``acknowledged_at``: when the device had it, if it said so.
    """

    id: str
    number: int
    capability: str
    parameters: msgspec.Struct
    state: State
    sent_at: Instant | None = None
    acknowledged_at: Instant | None = None


class Registration(msgspec.Struct, frozen=True):
    """The answer to ``Identify``: whether the device is ours, and what is still open for it, oldest first."""

    accepted: bool
    open_commands: tuple[OpenCommand, ...] = ()


class WantFirmware(msgspec.Struct, frozen=True):
    """Offer this firmware file to the device that ``command`` upgrades.  Answer: ``FirmwareOffer`` or None.

    ``contents``: the device cannot fetch anything, so the session needs the file's bytes.
    """

    command: str
    firmware: str
    contents: bool = False


class FirmwareOffer(msgspec.Struct, frozen=True):
    """Where the device can fetch the file, and what its bytes are.

    ``byte_sum`` is the sum of all bytes, not reduced.  The address is valid for this command only and expires.
    ``data``: the whole file, where ``contents`` were asked for and the gateway can hand them out; else None.
    """

    url: str
    size: int
    byte_sum: int
    data: bytes | None = None


class WantBank(msgspec.Struct, frozen=True):
    """Somebody wants to put this power bank into a slot: is it one of ours?  Answer: ``BankKnown``."""

    slot: int
    bank: str


class BankKnown(msgspec.Struct, frozen=True):
    """Whether a power bank is registered, and may be taken back."""

    ours: bool


Question = WantFirmware | WantBank
