"""What the frames say, in fields: for people who look into them, and for the tables in the README.

Numbers are as sent: no signs, no units.  The password is never among them.  The session does not go through these:
what a full reply means is read at once, by ``layouts``, from the same table of identifiers.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec

from wayside.protocol.base import Described, Side
from wayside.protocols.jk_bms.codes import Order, Transfer
from wayside.protocols.jk_bms.frames import Frame
from wayside.protocols.jk_bms.identifiers import (
    CELLS,
    PASSWORD,
    TABLE,
    Choice,
    Current,
    Number,
    Row,
    Secret,
    Status,
    Switch,
    Temperature,
    Text,
    Warnings,
)
from wayside.protocols.jk_bms.items import CELL, Item, walk
from wayside.wire.codec import Codec, codec_for
from wayside.wire.errors import DecodeError
from wayside.wire.fields import rest, u8
from wayside.wire.layout import FieldLayout

HIDDEN: Final = "(hidden)"
"""Stands where the password was."""

Subject = Annotated[u8, "0, where no identifier is meant"]


class Activate(msgspec.Struct, frozen=True, gc=False):
    """01: wakes a BMS that sleeps (4.2.4)."""

    identifier: Subject
    more: rest


class Activated(msgspec.Struct, frozen=True, gc=False):
    """The answer to 01: anything else can be asked now."""

    more: rest


class Write(msgspec.Struct, frozen=True, gc=False):
    """02: one identifier and its new data (4.3)."""

    identifier: u8
    value: Annotated[rest, "as in the table of identifiers"]


class Written(msgspec.Struct, frozen=True, gc=False):
    """The answer to 02.  It does not prove that the value was taken: only reading it back does."""

    identifier: u8
    more: rest


class Read(msgspec.Struct, frozen=True, gc=False):
    """03: asks for one identifier (4.3)."""

    identifier: u8
    more: rest


class Password(msgspec.Struct, frozen=True, gc=False):
    """05: the password, before a parameter is changed (4.2.4).  Many firmwares never answer it."""

    identifier: u8
    password: str = HIDDEN


class PasswordTaken(msgspec.Struct, frozen=True, gc=False):
    """The answer to 05, where there is one."""

    more: rest


class ReadAll(msgspec.Struct, frozen=True, gc=False):
    """06: asks for all identifiers (4.3)."""

    identifier: Subject
    more: rest


class CellVoltage(msgspec.Struct, frozen=True, gc=False):
    """One cell of 79."""

    number: u8
    millivolts: int


class Reading(msgspec.Struct, frozen=True, gc=False):
    """One identifier with its data; ``value`` a number as sent, a text, or the cells."""

    identifier: int
    name: str
    value: int | str | tuple[CellVoltage, ...]


class OneReading(msgspec.Struct, frozen=True, gc=False):
    """The answer to 03: the identifier and its data.  A length byte before the cells may be missing."""

    readings: tuple[Reading, ...]
    rest: bytes = b""


class AllReadings(msgspec.Struct, frozen=True, gc=False):
    """The answer to 06: every identifier that the firmware has, ascending, each with its data (table 5.1).

    From an identifier that the table does not have, everything is kept in ``rest``: its size is not known.
    """

    readings: tuple[Reading, ...]
    rest: bytes = b""


class Report(msgspec.Struct, frozen=True, gc=False):
    """Readings that the BMS sends by itself (transfer type 2, 4.2.6)."""

    readings: tuple[Reading, ...]
    rest: bytes = b""


READINGS: Final[dict[int, type[OneReading | AllReadings]]] = {
    Order.READ: OneReading,
    Order.READ_ALL: AllReadings,
}

PLAIN: Final[dict[tuple[Side, int], Codec[Any]]] = {
    (Side.SERVER, Order.ACTIVATE): codec_for(Activate),
    (Side.DEVICE, Order.ACTIVATE): codec_for(Activated),
    (Side.SERVER, Order.WRITE): codec_for(Write),
    (Side.DEVICE, Order.WRITE): codec_for(Written),
    (Side.SERVER, Order.READ): codec_for(Read),
    (Side.DEVICE, Order.PASSWORD): codec_for(PasswordTaken),
    (Side.SERVER, Order.READ_ALL): codec_for(ReadAll),
}


def parse(frame: Frame, side: Side) -> msgspec.Struct:
    """The frame's fields.

    Raises:
        DecodeError: the data is not that of its command, or the command has no meaning from this side.
    """
    if side is Side.DEVICE and frame.transfer == Transfer.REQUEST:
        # On half-duplex wiring the server's own requests come back to it.
        side = Side.SERVER
    if frame.transfer == Transfer.REPORT:
        return Report(*readings(frame))
    if side is Side.DEVICE and frame.command in READINGS:
        return READINGS[frame.command](*readings(frame))
    if side is Side.SERVER and frame.command == Order.PASSWORD:
        return Password(frame.data[0] if frame.data else 0)
    codec = PLAIN.get((side, frame.command))
    if codec is None:
        raise DecodeError(f"command {frame.command:#04x} has no meaning from the {side}")
    message: msgspec.Struct = codec.decode(frame.data)
    if isinstance(message, Write) and message.identifier == PASSWORD.identifier:
        return msgspec.structs.replace(message, value=HIDDEN.encode())
    return message


def readings(frame: Frame) -> tuple[tuple[Reading, ...], bytes]:
    """The items of a reply, and what stands behind them.  Raises ``DecodeError`` where there are none at all."""
    if not frame.data:
        raise DecodeError("at least one identifier wanted")
    items, behind = walk(frame.data, single=frame.command == Order.READ)
    return tuple([_reading(item) for item in items]), behind


def _reading(item: Item) -> Reading:
    row, value = item
    shown: int | str | tuple[CellVoltage, ...]
    match row.rule:
        case Secret():
            shown = HIDDEN
        case Text():
            shown = value.decode("latin-1")
        case Number(signed=signed):
            shown = int.from_bytes(value, signed=signed)
        case _ if row is CELLS:
            shown = tuple([CellVoltage(*cell) for cell in CELL.iter_unpack(value)])
        case _:
            shown = int.from_bytes(value)
    return Reading(row.identifier, row.name, shown)


def _identifier_layout(row: Row) -> FieldLayout:
    match row.rule:
        case Number(per_unit, unit, signed):
            kind = f"{'i' if signed else 'u'}{8 * row.size}"
            meaning = f"1/{per_unit} {unit}" if per_unit > 1 else unit
        case Text():
            kind, meaning = "ASCII", "filled up with NULs or underscores"
        case Secret():
            kind, meaning = "ASCII", ""
        case Choice(names):
            kind, meaning = f"u{8 * row.size}", ", ".join(f"{code} {name}" for code, name in enumerate(names))
        case Switch():
            kind, meaning = f"u{8 * row.size}", "1 on, 0 off"
        case Temperature():
            kind, meaning = "u16", "Cel; above 100: 100 less the number; above 140: no reading"
        case Current():
            kind, meaning = (
                "u16",
                "1/100 A, charging positive: 10000 less the number; sign and magnitude if C0 is 1",
            )
        case Warnings() | Status():
            kind, meaning = "u16", "bits"
        case _:
            kind, meaning = "u8 length, then u8 cell and u16 each", "1/1000 V"
    span = f"{row.span[0]:g} to {row.span[1]:g} may be written" if row.span else ""
    name = "" if isinstance(row.rule, Secret) or not row.readable else f"`{row.value_name}`"
    doc = "; ".join(part for part in (row.access.value, name, meaning, span, row.about) if part)
    return FieldLayout(f"{row.identifier:02X} {row.name}", kind, 8 * row.size or None, doc)


def _described(name: str, order: Order, side: Side, section: str) -> Described:
    codec = PLAIN[side, order]
    return Described(name, f"{order.value:02X}", side, section, codec.message, codec.layout)


_ITEM: Final = "u8 identifier, then its data"
_ONE: Final = (FieldLayout("readings", _ITEM, None, "one, as in the answer to 06"),)
_SOME: Final = (FieldLayout("readings", _ITEM, None, "any number, as in the answer to 06"),)
_PASSWORD: Final = (
    FieldLayout("identifier", "u8", 8, "that of the password"),
    FieldLayout("password", "ASCII", 8 * PASSWORD.size, "never shown"),
)
_IDENTIFIERS: Final = tuple(_identifier_layout(row) for row in TABLE)

MESSAGES: Final = (
    _described("activate", Order.ACTIVATE, Side.SERVER, "4.2.4"),
    _described("activate", Order.ACTIVATE, Side.DEVICE, "4.2.4"),
    _described("write", Order.WRITE, Side.SERVER, "4.3"),
    _described("write", Order.WRITE, Side.DEVICE, "4.3"),
    _described("read", Order.READ, Side.SERVER, "4.3"),
    Described("read", "03", Side.DEVICE, "4.3", OneReading, _ONE),
    Described("password", "05", Side.SERVER, "4.2.4", Password, _PASSWORD),
    _described("password", Order.PASSWORD, Side.DEVICE, "4.2.4"),
    _described("read_all", Order.READ_ALL, Side.SERVER, "4.3"),
    Described("read_all", "06", Side.DEVICE, "table 5.1", AllReadings, _IDENTIFIERS),
    Described("report", "any", Side.DEVICE, "4.2.6", Report, _SOME),
)
