"""Every message of chapter 1, as sent: codes stay codes, voltages millivolts.  Numbers have their high byte first.

``more`` takes what a newer firmware adds.  Commands that the document gives no answer may get one all the same.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec

from wayside.protocol.base import Described, Side
from wayside.protocols.parking_lock.ble.frames import PACKET_NAME, Frame, name_of, seal, seal_packet
from wayside.wire.codec import Codec, codec_for
from wayside.wire.fields import U8, U16, U32, Bits, OpenIntEnum, Raw, flag, rest, u8, u16, u32

DEVICE_KEY_BYTES: Final = 8

ORDER: Final = 1
CONFIRMATION: Final = 2
"""The two types of 0x05 and 0x15 to the lock."""

PACKET: Final = None
"""In place of a command: the raw packets have none."""


class Progress(OpenIntEnum):
    """How an operation stands."""

    STARTED = 0
    DONE = 1
    TIMED_OUT = 2


class Reason(OpenIntEnum):
    """Why the lock did not take a frame."""

    CRC = 1
    NO_KEY = 2
    WRONG_KEY = 3


class Content(OpenIntEnum):
    """What a transfer carries."""

    FIRMWARE = 0
    INFORMATION = 1


class AlarmSound(OpenIntEnum):
    """When the horn sounds."""

    MUTE = 0
    NORMAL = 1
    THREE_TIMES = 2


class Verify(msgspec.Struct, frozen=True, gc=False):
    """0x01 to the lock: the device key, within five seconds of connecting."""

    device_key: Annotated[bytes, Raw(DEVICE_KEY_BYTES)]


class Verified(msgspec.Struct, frozen=True, gc=False):
    """0x01 from the lock: the key for everything that follows on this connection."""

    accepted: Annotated[int, U8, "1: the device key was right"]
    key: u8
    more: rest = b""


class Complaint(msgspec.Struct, frozen=True, gc=False):
    """0x10: the lock did not take a frame; it does not say which."""

    reason: Annotated[Reason, U8]
    more: rest = b""


class Unlock(msgspec.Struct, frozen=True, gc=False):
    """0x05 to the lock: lower the lever."""

    type: Annotated[int, U8, "1"]
    user: u32
    time: Annotated[int, U32, "unix time, serves as serial number"]
    reserved: u8 = 0


class UnlockConfirmed(msgspec.Struct, frozen=True, gc=False):
    """0x05 to the lock: its result was heard.  Without it the lock reports L0 over the network."""

    type: Annotated[int, U8, "2"] = CONFIRMATION


class UnlockReport(msgspec.Struct, frozen=True, gc=False):
    """0x05 from the lock: twice, when the lever begins to move and when that has ended."""

    progress: Annotated[Progress, U8]
    time: u32
    more: rest = b""


class Lock(msgspec.Struct, frozen=True, gc=False):
    """0x15 to the lock: raise the lever."""

    type: Annotated[int, U8, "1"] = ORDER


class LockConfirmed(msgspec.Struct, frozen=True, gc=False):
    """0x15 to the lock: its result was heard.  Without it the lock reports L1 over the network."""

    type: Annotated[int, U8, "2"] = CONFIRMATION


class LockReport(msgspec.Struct, frozen=True, gc=False):
    """0x15 from the lock, as 0x05.  ``time`` is that of the last unlocking; four reserved bytes follow."""

    progress: Annotated[Progress, U8]
    time: u32
    more: rest = bytes(4)


class AddressRequest(msgspec.Struct, frozen=True, gc=False):
    """0x03 to the lock."""

    type: u8 = ORDER


class Address(msgspec.Struct, frozen=True, gc=False):
    """The answer to 0x03: the lock's Bluetooth address.  Printed as 0x06."""

    obtained: Annotated[int, U8, "1: it could be read"]
    mac: Annotated[bytes, Raw(6)]
    more: rest = b""


class StatusRequest(msgspec.Struct, frozen=True, gc=False):
    """0x31 to the lock."""

    type: u8 = ORDER


class Status(msgspec.Struct, frozen=True, gc=False):
    """0x31 from the lock.  Not in the document: known from older firmware."""

    voltage_mv: u16
    reserved_7: flag
    old_data: Annotated[bool, Bits(1), "operations are kept that were not reported"]
    auto_lock: flag
    occupied: Annotated[bool, Bits(1), "a car stands above; means nothing while locked"]
    reverse: Annotated[bool, Bits(1), "the lever was pushed the wrong way"]
    centre: Annotated[bool, Bits(1), "the lever stands between its ends"]
    reserved_1: flag
    unlocked: flag
    status_2: u8
    major: u8
    minor: u8
    edition: u8
    more: rest = b""


class CoverRequest(msgspec.Struct, frozen=True, gc=False):
    """0x32 to the lock."""

    type: u8 = ORDER


class Cover(msgspec.Struct, frozen=True, gc=False):
    """0x32 from the lock.  Not in the document; a first byte of 0 or 1 is taken for uncovered or covered."""

    data: rest


class SetDeviceKey(msgspec.Struct, frozen=True, gc=False):
    """0x33: another key for 0x01."""

    device_key: Annotated[bytes, Raw(DEVICE_KEY_BYTES)]


class SetAlarmSound(msgspec.Struct, frozen=True, gc=False):
    """0x40: when the horn sounds."""

    mode: Annotated[AlarmSound, U8]


class SetAutoLock(msgspec.Struct, frozen=True, gc=False):
    """0x41: whether the lock closes by itself."""

    enabled: u8


class Find(msgspec.Struct, frozen=True, gc=False):
    """0x43: sound the alarm once."""

    type: u8 = ORDER


class Reboot(msgspec.Struct, frozen=True, gc=False):
    """0x44.  The lock restarts at once, without an answer."""

    type: u8 = ORDER


class SetBusAddress(msgspec.Struct, frozen=True, gc=False):
    """0x70: the address on the 485 bus."""

    current: Annotated[int, U8, "1 to 254, 1 from the factory"]
    new: Annotated[int, U8, "1 to 254"]


class SetDeviceKeyAnswer(msgspec.Struct, frozen=True, gc=False):
    """0x33 from the lock.  Not in the document."""

    data: rest


class SetAlarmSoundAnswer(msgspec.Struct, frozen=True, gc=False):
    """0x40 from the lock.  Not in the document."""

    data: rest


class SetAutoLockAnswer(msgspec.Struct, frozen=True, gc=False):
    """0x41 from the lock.  Not in the document."""

    data: rest


class FindAnswer(msgspec.Struct, frozen=True, gc=False):
    """0x43 from the lock.  Not in the document."""

    data: rest


class SetBusAddressAnswer(msgspec.Struct, frozen=True, gc=False):
    """0x70 from the lock.  Not in the document."""

    data: rest


class InformationRequest(msgspec.Struct, frozen=True, gc=False):
    """0xFA: the lock answers with a transfer."""


class Transfer(msgspec.Struct, frozen=True, gc=False):
    """0xFB, from whichever side has something to send."""

    content: Annotated[Content, U8]
    packets: u16
    crc: Annotated[int, U16, "of all data, with the zeroes that fill the last packet"]
    device_type: Annotated[int, U8, "86 by default"]
    size: Annotated[int, U32, "bytes, without those zeroes"]
    more: rest = b""


class PacketRequest(msgspec.Struct, frozen=True, gc=False):
    """0xFC, from whichever side receives."""

    index: Annotated[int, U16, "from 0"]
    device_type: Annotated[int, U8, "as in the transfer"]
    more: rest = b""


class Packet(msgspec.Struct, frozen=True, gc=False):
    """What 0xFC asks for: CRC-16/MODBUS, then this.  Neither framed nor XORed."""

    index: u16
    data: Annotated[bytes, Raw(16)]


class Unrecognised(msgspec.Struct, frozen=True, gc=False):
    """A command that the document does not have; kept as it came."""

    data: rest


TYPED: Final = frozenset({0x05, 0x15})
"""Requests whose first byte says which of two messages they are."""

Key = tuple[Side, int | None, int | None]


def _row(
    side: Side, command: int | None, section: str, structure: type[msgspec.Struct], kind: int | None = None
) -> tuple[Described, Codec[Any], Key]:
    codec = codec_for(structure)
    code = "raw" if command is None else f"{command:02X}"
    name = PACKET_NAME if command is None else name_of(command)
    return Described(name, code, side, section, structure, codec.layout), codec, (side, command, kind)


ROWS: Final = (
    _row(Side.SERVER, 0x01, "1.7.1", Verify),
    _row(Side.DEVICE, 0x01, "1.7.1", Verified),
    _row(Side.DEVICE, 0x10, "1.7.2", Complaint),
    _row(Side.SERVER, 0x05, "1.7.3", Unlock, ORDER),
    _row(Side.DEVICE, 0x05, "1.7.3", UnlockReport),
    _row(Side.SERVER, 0x05, "1.7.3", UnlockConfirmed, CONFIRMATION),
    _row(Side.SERVER, 0x15, "1.7.4", Lock, ORDER),
    _row(Side.DEVICE, 0x15, "1.7.4", LockReport),
    _row(Side.SERVER, 0x15, "1.7.4", LockConfirmed, CONFIRMATION),
    _row(Side.SERVER, 0x03, "1.7.5", AddressRequest),
    _row(Side.DEVICE, 0x06, "1.7.5", Address),
    _row(Side.SERVER, 0x31, "1.7.6", StatusRequest),
    _row(Side.DEVICE, 0x31, "1.7.6", Status),
    _row(Side.SERVER, 0x32, "1.7.6.2", CoverRequest),
    _row(Side.DEVICE, 0x32, "1.7.6.2", Cover),
    _row(Side.SERVER, 0x33, "1.7.7", SetDeviceKey),
    _row(Side.DEVICE, 0x33, "1.7.7", SetDeviceKeyAnswer),
    _row(Side.SERVER, 0x40, "1.7.8", SetAlarmSound),
    _row(Side.DEVICE, 0x40, "1.7.8", SetAlarmSoundAnswer),
    _row(Side.SERVER, 0x41, "1.7.9", SetAutoLock),
    _row(Side.DEVICE, 0x41, "1.7.9", SetAutoLockAnswer),
    _row(Side.SERVER, 0x43, "1.7.10", Find),
    _row(Side.DEVICE, 0x43, "1.7.10", FindAnswer),
    _row(Side.SERVER, 0x44, "1.7.11", Reboot),
    _row(Side.SERVER, 0x70, "1.7.12", SetBusAddress),
    _row(Side.DEVICE, 0x70, "1.7.12", SetBusAddressAnswer),
    _row(Side.SERVER, 0xFA, "1.8.1", InformationRequest),
    _row(Side.DEVICE, 0xFB, "1.8.2", Transfer),
    _row(Side.SERVER, 0xFC, "1.8.3", PacketRequest),
    _row(Side.DEVICE, PACKET, "1.8.4", Packet),
    _row(Side.SERVER, 0xFB, "1.8.2", Transfer),
    _row(Side.DEVICE, 0xFC, "1.8.3", PacketRequest),
    _row(Side.SERVER, PACKET, "1.8.3", Packet),
)

MESSAGES: Final = tuple(described for described, _, _ in ROWS)

_CODECS: Final[dict[Key, Codec[Any]]] = {key: codec for _, codec, key in ROWS} | {
    # The answer to 0x03 under the command that it was asked with.
    (Side.DEVICE, 0x03, None): next(codec for _, codec, key in ROWS if key == (Side.DEVICE, 0x06, None))
}
_ENVELOPES: Final = {described.structure: (described, codec, key[1]) for described, codec, key in ROWS}
_UNRECOGNISED: Final = codec_for(Unrecognised)


def parse(frame: Frame, side: Side) -> msgspec.Struct:
    """The message in a frame, or raw packet, that ``side`` sent.

    Raises:
        DecodeError: its data does not have the shape of its message.
    """
    kind = frame.data[0] if side is Side.SERVER and frame.command in TYPED and frame.data else None
    codec = _CODECS.get((side, frame.command, kind), _UNRECOGNISED)
    message: msgspec.Struct = codec.decode(frame.data)
    return message


def write(message: msgspec.Struct, key: int, rand: int) -> bytes:
    """The bytes of the frame, or raw packet, that carries a message, from whichever side sends it.

    Raises:
        EncodeError: a value does not fit; names the field.
    """
    _, codec, command = _ENVELOPES[type(message)]
    data = codec.encode(message)
    return seal_packet(data) if command is None else seal(command, data, key, rand)


def name_of_message(message: msgspec.Struct) -> str:
    """What a message is called in logs and lists."""
    return _ENVELOPES[type(message)][0].name


def command_of(message: msgspec.Struct) -> int | None:
    """The command word of a message."""
    return _ENVELOPES[type(message)][2]
