"""Transfers in packets of 16 bytes (1.8): reading the lock's information, and writing information or firmware.

    reading    FA → FB, then FC → packet, once for each packet
    writing    FB → FC, then packet → FC, as the lock asks: it may begin in the middle, or ask again

Both say the same to the session: messages to send, until when to wait, and how it ended.
"""

from __future__ import annotations

from typing import Final

import msgspec

from wayside.model.instant import Instant, seconds
from wayside.protocols.parking_lock.ble.frames import PACKET_DATA_BYTES
from wayside.protocols.parking_lock.ble.information import crc_fits, packets_of, whole_crc
from wayside.protocols.parking_lock.ble.messages import (
    Content,
    InformationRequest,
    Packet,
    PacketRequest,
    Transfer,
)

TRIES_MAX: Final = 5

READ_WITHIN_S: Final = 1.0
"""For one packet, or the transfer's head."""

READING_WITHIN_S: Final = 20.0
"""For all of it: some twenty packets, a tenth of a second each where the radio is good."""

WRITE_WITHIN_S: Final = 5.0
"""For the lock to ask for the next packet."""

# The printed text has 22 packets.  A lock must not be able to keep us reading for ever.
READ_PACKETS_MAX: Final = 128

# The index has two bytes.
WRITE_BYTES_MAX: Final = 0xFFFF * PACKET_DATA_BYTES

DEVICE_TYPE_DEFAULT: Final = 0x86

Messages = list[msgspec.Struct]


class Reading:
    """The lock's information, packet by packet.

    ``data`` once it is all there, else ``failure`` once it will never be.  ``sound``: whether the announced sum fits.
    """

    def __init__(self) -> None:
        self.data: bytes | None = None
        self.failure: str | None = None
        self.sound = True
        self.device_type = DEVICE_TYPE_DEFAULT
        self.deadline: Instant | None = None
        self._give_up_at: Instant = 0
        self._head: Transfer | None = None
        self._parts: list[bytes] = []
        self._tries = 0

    @property
    def over(self) -> bool:
        """Whether there is nothing left to wait for."""
        return self.data is not None or self.failure is not None

    def begin(self, at: Instant) -> Messages:
        """Ask for it."""
        self._give_up_at = at + seconds(READING_WITHIN_S)
        return self._ask(at)

    def hear(self, message: Transfer | PacketRequest | Packet, at: Instant) -> Messages:
        """What the lock sent; what is not awaited is passed over."""
        if self.over:
            return []
        if isinstance(message, Transfer) and self._head is None:
            return self._headed(message, at)
        if isinstance(message, Packet) and self._head is not None and message.index == len(self._parts):
            self._parts.append(message.data)
            return self._next(self._head, at)
        return []

    def wake(self, at: Instant) -> Messages:
        """Time may be up: ask again, or give up."""
        if self.over or self.deadline is None or at < self.deadline:
            return []
        if self._tries == TRIES_MAX or at >= self._give_up_at:
            return self._end("the lock did not send its information in time")
        return self._ask(at)

    def _headed(self, head: Transfer, at: Instant) -> Messages:
        if head.content != Content.INFORMATION or not 0 < head.packets <= READ_PACKETS_MAX:
            return self._end(f"the lock announces {head.packets} packets of type {head.content:d}")
        self._head = head
        self.device_type = head.device_type
        return self._next(head, at)

    def _next(self, head: Transfer, at: Instant) -> Messages:
        self._tries = 0
        if len(self._parts) < head.packets:
            return self._ask(at)
        self.deadline = None
        self.data = b"".join(self._parts)
        self.sound = crc_fits(head.crc, self.data)
        return []

    def _ask(self, at: Instant) -> Messages:
        self._tries += 1
        self.deadline = min(at + seconds(READ_WITHIN_S), self._give_up_at)
        if self._head is None:
            return [InformationRequest()]
        return [PacketRequest(len(self._parts), self._head.device_type)]

    def _end(self, failure: str) -> Messages:
        self.failure, self.deadline = failure, None
        return []


class Writing:
    """Information or firmware to the lock.

    ``begun``: the lock has asked for a packet.  ``complete``: every packet up to the last was sent.  ``over``: the lock
    asks for no more, after all of it, or else there is a ``failure``.
    """

    def __init__(self, content: Content, data: bytes, device_type: int) -> None:
        assert 0 < len(data) <= WRITE_BYTES_MAX
        self.begun = self.complete = self.over = False
        self.failure: str | None = None
        self.deadline: Instant | None = None
        self._packets = packets_of(data)
        count, crc = len(self._packets), whole_crc(self._packets)
        self._head = Transfer(content, count, crc, device_type, len(data))
        self._sent: msgspec.Struct = self._head
        self._tries = 0

    @property
    def progress(self) -> str:
        """How far it has come, in words."""
        at = self._sent.index + 1 if isinstance(self._sent, Packet) else 0
        return f"{at} of {len(self._packets)} packets"

    def begin(self, at: Instant) -> Messages:
        """Announce it."""
        return self._send(self._head, at)

    def hear(self, message: Transfer | PacketRequest | Packet, at: Instant) -> Messages:
        """The packet that the lock asks for."""
        if self.over or not isinstance(message, PacketRequest) or message.index >= len(self._packets):
            return []
        packet = self._packets[message.index]
        if packet is not self._sent:
            self._tries = 0
        elif self._tries == TRIES_MAX:
            return self._end(f"the lock asks for the same packet again and again, after {self.progress}")
        self.begun = True
        self.complete = self.complete or packet is self._packets[-1]
        return self._send(packet, at)

    def wake(self, at: Instant) -> Messages:
        """Time may be up: all is sent, or the last thing is sent again."""
        if self.over or self.deadline is None or at < self.deadline:
            return []
        if self.complete:
            self.over, self.deadline = True, None
            return []
        if self._tries == TRIES_MAX:
            return self._end(f"the lock asked for no more after {self.progress}")
        return self._send(self._sent, at)

    def _send(self, message: msgspec.Struct, at: Instant) -> Messages:
        self._sent = message
        self._tries += 1
        self.deadline = at + seconds(WRITE_WITHIN_S)
        return [message]

    def _end(self, failure: str) -> Messages:
        self.over, self.failure, self.deadline = True, failure, None
        return []
