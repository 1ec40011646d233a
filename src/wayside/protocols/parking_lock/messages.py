"""Every message of the TCP text protocol, as sent: codes stay codes, voltages millivolts."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec

from wayside.protocol.base import Described, Side
from wayside.protocols.parking_lock.frames import NAMES, Frame, seal
from wayside.wire.fields import OpenIntEnum
from wayside.wire.text import LineCodec, line_for
from wayside.wire.textfields import TextInt, TextRest, TextStr

Code = TextInt(0, 65535)
"""For codes of which the document names the first few: others are kept, not refused."""

u8 = Annotated[int, TextInt(0, 255)]
u16 = Annotated[int, TextInt(0, 65535)]
u32 = Annotated[int, TextInt(0, 4294967295)]
Word = Annotated[str, TextStr(32)]
More = Annotated[tuple[str, ...], TextRest(8, 32), "fields that a newer firmware adds"]


class Operation(OpenIntEnum):
    """What a key is asked for."""

    UNLOCK = 0
    LOCK = 1


class Locked(OpenIntEnum):
    """The lock's own word for its state."""

    UNLOCKED = 0
    LOCKED = 1


class Arm(OpenIntEnum):
    """Where the lever is."""

    DOWN = 1
    UP = 2
    OTHER = 3


class Result(OpenIntEnum):
    """How an operation ended."""

    OK = 0
    FAILED = 1
    KEY_REFUSED = 2


class UpgradeCode(OpenIntEnum):
    """How an upgrade stands."""

    RECEIVED = 100
    REJECTED = 101
    ENDED = 200


class SignIn(msgspec.Struct, frozen=True, gc=False):
    """Q0, section 2.1: the first line on a connection.  Gets no answer."""

    voltage_mv: u16
    mac: Word
    reserved_1: Word
    reserved_2: Word
    arm: Annotated[Arm, Code]
    more: More = ()


class Heartbeat(msgspec.Struct, frozen=True, gc=False):
    """H0, section 2.2.  Gets no answer.  ``auto_lock`` came with version 2.1.6."""

    locked: Annotated[Locked, Code]
    voltage_mv: u16
    signal: Annotated[int, TextInt(0, 255), "2 to 32, larger is better"]
    occupied: Annotated[int, Code, "1: a car stands above; means nothing while locked"]
    arm: Annotated[Arm, Code]
    reserved_1: Word
    reserved_2: Word
    auto_lock: Annotated[int | None, Code, "1: enabled"] = None
    more: More = ()


class Status(msgspec.Struct, frozen=True, gc=False):
    """S5 from the lock, section 2.3.  ``auto_lock`` came with version 2.1.6."""

    voltage_mv: u16
    level: Annotated[int, TextInt(0, 255), "percent"]
    signal: Annotated[int, TextInt(0, 255), "2 to 32, larger is better"]
    locked: Annotated[Locked, Code]
    occupied: Annotated[int, Code, "1: a car stands above; means nothing while locked"]
    arm: Annotated[Arm, Code]
    iccid: Word
    apn: Annotated[str, TextStr(64)]
    mac: Word
    auto_lock: Annotated[int | None, Code, "1: enabled"] = None
    more: More = ()


class Key(msgspec.Struct, frozen=True, gc=False):
    """R0 from the lock, section 2.4: the key for one operation."""

    operation: Annotated[Operation, Code]
    key: u8
    user: Annotated[int, TextInt(0, 4294967295), "need not be the one that was sent"]
    time: Annotated[int, TextInt(0, 4294967295), "unix time, serves as serial number"]


class UnlockResult(msgspec.Struct, frozen=True, gc=False):
    """L0 from the lock, section 2.5; also by itself after an operation over BLE.  Wants a receipt."""

    result: Annotated[Result, Code]
    user: u32
    time: Annotated[int, TextInt(0, 4294967295), "the operation's own time, as the lock was told"]


class LockResult(msgspec.Struct, frozen=True, gc=False):
    """L1 from the lock, section 2.6.  User and time are those of the last unlocking.  Wants a receipt."""

    result: Annotated[Result, Code]
    user: u32
    time: u32
    duration_min: Annotated[int | None, TextInt(0, 4294967295)] = None


class Version(msgspec.Struct, frozen=True, gc=False):
    """G0 from the lock, section 2.7."""

    software: Word
    compiled: Word
    module: Annotated[str, TextStr(64)]


class Alarm(msgspec.Struct, frozen=True, gc=False):
    """W0, section 2.8.  Wants a receipt."""

    code: Annotated[int, Code, "1 pulled by hand, 2 did not reach its position, 3 something is in the way"]


class UpgradeReport(msgspec.Struct, frozen=True, gc=False):
    """U0 from the lock, section 2.10."""

    code: Annotated[UpgradeCode, Code]


class AutoLockReport(msgspec.Struct, frozen=True, gc=False):
    """S6 from the lock, section 2.13."""

    enabled: Annotated[int, Code]


class StatusRequest(msgspec.Struct, frozen=True, gc=False):
    """S5 to the lock, section 2.3."""


class KeyRequest(msgspec.Struct, frozen=True, gc=False):
    """R0 to the lock, section 2.4."""

    operation: Annotated[Operation, Code]
    valid_s: u16
    user: u32
    time: u32


class Unlock(msgspec.Struct, frozen=True, gc=False):
    """L0 to the lock, section 2.5."""

    key: u8
    user: u32
    time: u32


class Lock(msgspec.Struct, frozen=True, gc=False):
    """L1 to the lock, section 2.6."""

    key: u8


class Receipt(msgspec.Struct, frozen=True, gc=False):
    """Re to the lock, sections 2.5, 2.6 and 2.8: the report was heard."""

    word: Annotated[str, TextStr(2, "[A-Z0-9]", 2)]


class VersionRequest(msgspec.Struct, frozen=True, gc=False):
    """G0 to the lock, section 2.7."""


class SetServer(msgspec.Struct, frozen=True, gc=False):
    """S3, section 2.9.  No answer is defined."""

    host: Annotated[str, TextStr(64, "[A-Za-z0-9.-]", 1)]
    port: Annotated[int, TextInt(1, 65535)]


class Upgrade(msgspec.Struct, frozen=True, gc=False):
    """U0 to the lock, section 2.10.  ``byte_sum``: all bytes of the file added up."""

    url: Annotated[str, TextStr(400, "[!-~]", 1)]
    byte_sum: Annotated[int, TextInt(0, 0xFFFF_FFFF_FFFF)]


class Reboot(msgspec.Struct, frozen=True, gc=False):
    """S1, section 2.11.  No answer is defined."""


class Find(msgspec.Struct, frozen=True, gc=False):
    """S8, section 2.12: the lock sounds its horn once.  No answer is defined."""


class SetAutoLock(msgspec.Struct, frozen=True, gc=False):
    """S6 to the lock, section 2.13."""

    enabled: Annotated[int, TextInt(0, 1)]


class Unrecognised(msgspec.Struct, frozen=True, gc=False):
    """A command word that the document does not have; kept as it came."""

    fields: Annotated[tuple[str, ...], TextRest(64, 512)] = ()


def _row(
    side: Side, word: str, section: str, structure: type[msgspec.Struct]
) -> tuple[Described, LineCodec[Any]]:
    codec = line_for(structure, reserved="*#")
    return Described(NAMES[word], word, side, section, structure, codec.layout), codec


ROWS: Final = (
    _row(Side.DEVICE, "Q0", "2.1", SignIn),
    _row(Side.DEVICE, "H0", "2.2", Heartbeat),
    _row(Side.DEVICE, "S5", "2.3", Status),
    _row(Side.DEVICE, "R0", "2.4", Key),
    _row(Side.DEVICE, "L0", "2.5", UnlockResult),
    _row(Side.DEVICE, "L1", "2.6", LockResult),
    _row(Side.DEVICE, "G0", "2.7", Version),
    _row(Side.DEVICE, "W0", "2.8", Alarm),
    _row(Side.DEVICE, "U0", "2.10", UpgradeReport),
    _row(Side.DEVICE, "S6", "2.13", AutoLockReport),
    _row(Side.SERVER, "S5", "2.3", StatusRequest),
    _row(Side.SERVER, "R0", "2.4", KeyRequest),
    _row(Side.SERVER, "L0", "2.5", Unlock),
    _row(Side.SERVER, "L1", "2.6", Lock),
    _row(Side.SERVER, "Re", "2.5", Receipt),
    _row(Side.SERVER, "G0", "2.7", VersionRequest),
    _row(Side.SERVER, "S3", "2.9", SetServer),
    _row(Side.SERVER, "U0", "2.10", Upgrade),
    _row(Side.SERVER, "S1", "2.11", Reboot),
    _row(Side.SERVER, "S8", "2.12", Find),
    _row(Side.SERVER, "S6", "2.13", SetAutoLock),
)

MESSAGES: Final = tuple(described for described, _ in ROWS)

_CODECS: Final = {(described.side, described.code): codec for described, codec in ROWS}
_ENVELOPES: Final = {described.structure: (described, codec) for described, codec in ROWS}
_UNRECOGNISED: Final = line_for(Unrecognised, reserved="*#")


def parse(frame: Frame, side: Side) -> msgspec.Struct:
    """The message in a line that ``side`` sent.

    Raises:
        DecodeError: the line has too few or too many fields, or one that is not what it should be.
    """
    message: msgspec.Struct = _CODECS.get((side, frame.word), _UNRECOGNISED).decode(frame.fields)
    return message


def write(message: msgspec.Struct, vendor: str, imei: str) -> bytes:
    """The bytes of the line that carries a message, from whichever side sends it.

    Raises:
        EncodeError: a value does not fit; names the field.
    """
    described, codec = _ENVELOPES[type(message)]
    return seal(described.side, vendor, imei, described.code, codec.encode(message))


def word_of(message: msgspec.Struct) -> str:
    """The command word of a message."""
    return _ENVELOPES[type(message)][0].code


def name_of(message: msgspec.Struct) -> str:
    """What a message is called in logs and lists."""
    return _ENVELOPES[type(message)][0].name
