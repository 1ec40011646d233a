"""A phone, or a small bridge, that stands beside a lock and only passes on: what it is told, and what it tells.

The messages are JSON objects with a ``type``; ``docs/reference/relay.md`` describes them.  Keys, sessions and
decisions stay on the server: a relay sees bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Final, Protocol

import msgspec
from msgspec import Meta

MTU_MIN: Final = 23
MTU_MAX: Final = 517
ATTRIBUTE_BYTES_MAX: Final = 512
"""Bluetooth Core, vol. 3, part F, 3.2.8 and 3.2.9: no link has a larger MTU, no attribute is longer."""

REASON_LENGTH_MAX: Final = 200

MESSAGE_BYTES_MAX: Final = 4 * ATTRIBUTE_BYTES_MAX
"""The longest message is a notification: two digits a byte, and less than a thousand characters around them."""

Uuid = Annotated[str, Meta(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
Hex = Annotated[str, Meta(pattern=r"^([0-9a-fA-F]{2})*$", max_length=2 * ATTRIBUTE_BYTES_MAX)]
Reason = Annotated[str, Meta(max_length=REASON_LENGTH_MAX)]
MacAddress = Annotated[str, Meta(pattern=r"^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}$")]
Number = Annotated[int, Meta(ge=0, le=2**31 - 1)]


# From the server.


class Connect(msgspec.Struct, frozen=True, tag_field="type", tag="connect"):
    """The first message: find this peripheral and connect to it.  ``address`` null: the server does not know it."""

    device: str
    service: Uuid
    address: str | None = None


class Subscribe(msgspec.Struct, frozen=True, tag_field="type", tag="subscribe"):
    """Turn the notifications of a characteristic on, and answer with a ``Result``."""

    id: Number
    characteristic: Uuid


class Write(msgspec.Struct, frozen=True, tag_field="type", tag="write"):
    """Write once, never again by yourself, and answer with a ``Result``.

    ``response``: with a response, where the characteristic can.
    """

    id: Number
    characteristic: Uuid
    data: Hex
    response: bool = True


class Disconnect(msgspec.Struct, frozen=True, tag_field="type", tag="disconnect"):
    """The last message: let the peripheral go."""

    reason: str


# From the relay.


class Connected(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="connected"):
    """The peripheral is connected.  ``address``: where the phone's system tells it."""

    mtu: Annotated[int, Meta(ge=MTU_MIN, le=MTU_MAX)] = MTU_MIN
    address: MacAddress | None = None


class Result(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="result"):
    """How the ``Write`` or ``Subscribe`` of this number went; ``error`` null: well."""

    id: Number
    error: Reason | None = None


class Notification(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="notification"
):
    """The peripheral said something."""

    characteristic: Uuid
    data: Hex


class Disconnected(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="disconnected"
):
    """The peripheral is gone, or was not found."""

    reason: Reason = ""


ToRelay = Connect | Subscribe | Write | Disconnect
FromRelay = Connected | Result | Notification | Disconnected


class OutOfTurn(Exception):
    """A relay said what makes no sense now; it is hung up on."""


class RelayLine(Protocol):
    """One relay."""

    def hear(self, message: FromRelay) -> None:
        """What the relay says.  Raises ``OutOfTurn``."""

    def lost(self) -> None:
        """The relay itself is gone."""

    async def over(self) -> None:
        """Until there is nothing more to be said; ``Disconnect`` was the last word."""


class Relays(Protocol):
    """Where relays come in."""

    def check(self, device: str) -> None:
        """Whether a relay for this device could be of use now.

        Raises:
            NotFound: no such device.
            Conflict: it is rejected, has no BLE, or is connected otherwise.
        """

    def open(self, device: str, address: str, tell: Callable[[ToRelay], None]) -> RelayLine:
        """A relay has come, from this address; ``tell`` never waits.  Raises as ``check``."""
