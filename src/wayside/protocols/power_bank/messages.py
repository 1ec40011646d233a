"""The fifteen messages (section 4), and those that the document does not have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Final

import msgspec

from wayside.protocol.base import Described, Side
from wayside.protocols.power_bank.crc import DEFAULT, Crc
from wayside.protocols.power_bank.frames import NAMES, SEPARATORS, Frame, seal
from wayside.wire.errors import ChecksumError, DecodeError
from wayside.wire.text import LineCodec, line_for
from wayside.wire.textfields import TextInt, TextRest, TextStr

# The document's cabinets have three slots; towers of the same make have up to 48.
SLOT_MAX: Final = 64

# Ten characters in the document.
BANK_LENGTH_MAX: Final = 24

STATE_LENGTH: Final = 2

SlotNumber = Annotated[int, TextInt(1, SLOT_MAX), "the slot, from 1"]
BankNumber = Annotated[str, TextStr(BANK_LENGTH_MAX, "[0-9A-Za-z]", 1), "the bank's own number"]


class Heartbeat(msgspec.Struct, frozen=True, gc=False):
    """CH: the cabinet is there.  Gets no answer."""


class InventoryRequest(msgspec.Struct, frozen=True, gc=False):
    """CQ: what stands in the slots?"""


class Slot(msgspec.Struct, frozen=True, gc=False):
    """What AQ says of one slot."""

    slot: SlotNumber
    state: Annotated[str, TextStr(STATE_LENGTH, "[A-Z]", STATE_LENGTH), "FU, NF or NU, EM, ER"]
    bank: Annotated[
        str | None, TextStr(BANK_LENGTH_MAX, "[0-9A-Za-z]", 1), "its bank's number, where one stands there"
    ] = None


class Inventory(msgspec.Struct, frozen=True, gc=False):
    """AQ: what stands in the slots; the fields below once per slot."""

    slots: tuple[Slot, ...]


class OfBank(msgspec.Struct, frozen=True, gc=False):
    """What the other messages are about: a bank, and the slot that it is in, leaves or enters."""

    slot: SlotNumber
    bank: BankNumber


class Borrow(OfBank, frozen=True, gc=False):
    """CC BW: give this bank out."""


class BankQuery(OfBank, frozen=True, gc=False):
    """MQ: somebody holds this bank to the slot; is it one of the system's?"""


class BankIsKnown(OfBank, frozen=True, gc=False):
    """RQ T: it is, take it in."""


class BankIsUnknown(OfBank, frozen=True, gc=False):
    """RQ F: it is not, refuse it."""


class Borrowed(OfBank, frozen=True, gc=False):
    """MC BO: the bank was given out.  Repeated until it has its receipt."""


class BorrowedReceipt(OfBank, frozen=True, gc=False):
    """AM BO: heard, and kept."""


class Returned(OfBank, frozen=True, gc=False):
    """MC RO: the bank was taken in.  Repeated until it has its receipt."""


class ReturnedReceipt(OfBank, frozen=True, gc=False):
    """AM RO: heard, and kept."""


class BorrowFailed(OfBank, frozen=True, gc=False):
    """MR BF: the bank could not be given out.  Repeated until it has its receipt."""


class BorrowFailedReceipt(OfBank, frozen=True, gc=False):
    """AR BF: heard, and kept."""


class ReturnFailed(OfBank, frozen=True, gc=False):
    """MR RF: the bank could not be taken in.  Repeated until it has its receipt."""


class ReturnFailedReceipt(OfBank, frozen=True, gc=False):
    """AR RF: heard, and kept; the document's text says "success", its command says what is meant."""


class Unrecognised(msgspec.Struct, frozen=True, gc=False):
    """A command that the document does not have; kept as it came."""

    fields: Annotated[tuple[str, ...], TextRest(256, 2048)] = ()


SLOT: Final = line_for(Slot, separator=".", reserved='{}",; ')


def _read_inventory(fields: Sequence[str]) -> Inventory:
    slots = tuple(SLOT.decode(group) for group in _groups(fields))
    if not slots:
        raise DecodeError("Inventory: not a single slot")
    if len({slot.slot for slot in slots}) < len(slots):
        raise DecodeError("Inventory: a slot stands there twice")
    return Inventory(slots)


def _groups(fields: Sequence[str]) -> Iterator[Sequence[str]]:
    """The fields slot by slot: number, state and, unless the next slot begins there, a bank."""
    start = 0
    while start < len(fields):
        end = start + 2
        if end < len(fields) and not _begins_slot(fields, end):
            end += 1
        yield fields[start:end]
        start = end


def _begins_slot(fields: Sequence[str], at: int) -> bool:
    """Whether a slot's number and its state stand here; a bank is never followed by two capital letters."""
    state = fields[at + 1] if at + 1 < len(fields) else ""
    return fields[at].isdigit() and len(state) == STATE_LENGTH and state.isalpha() and state.isupper()


def _write_inventory(message: Inventory) -> str:
    return "".join(f"{SLOT.encode(slot)};" for slot in message.slots)


INVENTORY: Final = LineCodec(Inventory, SLOT.layout, _read_inventory, _write_inventory, SLOT.source)

RESERVED: Final = '{}"' + SEPARATORS + " "


def _row(
    side: Side, code: str, section: str, structure: type[msgspec.Struct]
) -> tuple[Described, LineCodec[Any]]:
    codec: LineCodec[Any] = INVENTORY if structure is Inventory else line_for(structure, reserved=RESERVED)
    return Described(NAMES[code], code, side, section, structure, codec.layout), codec


ROWS: Final = (
    _row(Side.DEVICE, "CH", "4.1", Heartbeat),
    _row(Side.SERVER, "CQ", "4.2", InventoryRequest),
    _row(Side.DEVICE, "AQ", "4.3", Inventory),
    _row(Side.SERVER, "CC.BW", "4.4", Borrow),
    _row(Side.DEVICE, "MQ", "4.5", BankQuery),
    _row(Side.SERVER, "RQ.T", "4.6", BankIsKnown),
    _row(Side.SERVER, "RQ.F", "4.7", BankIsUnknown),
    _row(Side.DEVICE, "MC.BO", "4.8", Borrowed),
    _row(Side.SERVER, "AM.BO", "4.9", BorrowedReceipt),
    _row(Side.DEVICE, "MC.RO", "4.10", Returned),
    _row(Side.SERVER, "AM.RO", "4.11", ReturnedReceipt),
    _row(Side.DEVICE, "MR.BF", "4.12", BorrowFailed),
    _row(Side.SERVER, "AR.BF", "4.13", BorrowFailedReceipt),
    _row(Side.DEVICE, "MR.RF", "4.14", ReturnFailed),
    _row(Side.SERVER, "AR.RF", "4.15", ReturnFailedReceipt),
)

MESSAGES: Final = tuple(described for described, _ in ROWS)

RECEIPTS: Final[dict[type[OfBank], type[OfBank]]] = {
    Borrowed: BorrowedReceipt,
    Returned: ReturnedReceipt,
    BorrowFailed: BorrowFailedReceipt,
    ReturnFailed: ReturnFailedReceipt,
}
"""What the cabinet repeats until it is answered, and the answer."""

_CODECS: Final = {(described.side, described.code): codec for described, codec in ROWS}
_ENVELOPES: Final = {described.structure: (described, codec) for described, codec in ROWS}
_UNRECOGNISED: Final = line_for(Unrecognised, reserved=RESERVED)


def parse(frame: Frame, side: Side) -> msgspec.Struct:
    """The message in a frame that ``side`` sent, whatever its CRC.

    Raises:
        DecodeError: too few or too many fields, or one that is not what it should be.
    """
    message: msgspec.Struct = _CODECS.get((side, frame.code), _UNRECOGNISED).decode(frame.fields)
    return message


def parse_checked(frame: Frame, side: Side) -> msgspec.Struct:
    """The same for a reader that knows no session: the CRC must be right by the default profile.

    Raises:
        ChecksumError: it is not.
        DecodeError: as ``parse``.
    """
    if not DEFAULT.fits(frame.text, frame.crc):
        raise ChecksumError(f"CRC {frame.crc} is not that of the text by {DEFAULT}")
    return parse(frame, side)


def write(message: msgspec.Struct, imei: str, crc: Crc = DEFAULT, *, dotted: bool = False) -> bytes:
    """The bytes of the frame that carries a message, from whichever side sends it.

    ``dotted``: a dot between kind and slot, as in sections 4.6 to 4.15.

    Raises:
        EncodeError: a value does not fit; names the field.
    """
    described, codec = _ENVELOPES[type(message)]
    word, _, kind = described.code.partition(".")
    content = codec.encode(message)
    if kind:
        content = f"{kind}{'.' if dotted and word != 'CC' else ','}{content}"
    return seal(imei, f"{word},{content}" if content else word, crc)


def name_of(message: msgspec.Struct) -> str:
    """What a message is called in logs and lists."""
    return _ENVELOPES[type(message)][0].name
