"""How a field lies on the wire: the marks that stand beside its type.

A field of a `msgspec.Struct` is annotated with an ordinary type plus a mark, so one class serves
the type checker, the JSON encoder and the codec:

    class Heartbeat(Struct, frozen=True, gc=False):
        spare: u5
        charging: flag
        acc: flag
        reserved: flag
        voltage_level: u8
        mode: Annotated[UploadMode, U8]
        mac: Annotated[bytes, Raw(6)]

A text among the annotation's arguments is the field's doc: `Annotated[u8, "0 is empty, 6 is full"]`.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Annotated, ClassVar, Final, Protocol, Self


class Mark(Protocol):
    """What every mark tells: its name in tables, its width, and which values it takes."""

    @property
    def text(self) -> str:
        """The wire type, as a table shows it."""

    @property
    def width_bits(self) -> int | None:
        """How many bits the field takes, or None when that depends on the value."""

    @property
    def permitted(self) -> str:
        """The values that fit, for error texts: "an integer from 0 to 255"."""

    def fits(self, value: object) -> bool:
        """Whether the value can be written without loss."""


@dataclass(frozen=True, slots=True)
class Int:
    """An integer of 1, 2, 3 (unsigned only), 4 or 8 whole bytes, in the codec's byte order."""

    size: int
    signed: bool = False

    @property
    def text(self) -> str:
        return f"{'i' if self.signed else 'u'}{8 * self.size}"

    @property
    def width_bits(self) -> int:
        return 8 * self.size

    @property
    def low(self) -> int:
        return -(1 << 8 * self.size - 1) if self.signed else 0

    @property
    def high(self) -> int:
        return (1 << 8 * self.size - self.signed) - 1

    @property
    def permitted(self) -> str:
        return f"an integer from {self.low} to {self.high}"

    def fits(self, value: object) -> bool:
        return isinstance(value, int) and self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class Bits:
    """A run of bits, most significant first.

    Neighbours share one word, which closes as soon as 8, 16 or 32 bits are full.
    """

    width: int

    @property
    def text(self) -> str:
        return "1 bit" if self.width == 1 else f"{self.width} bits"

    @property
    def width_bits(self) -> int:
        return self.width

    @property
    def permitted(self) -> str:
        return f"an integer from 0 to {(1 << self.width) - 1}"

    def fits(self, value: object) -> bool:
        return isinstance(value, int) and value >> self.width == 0


@dataclass(frozen=True, slots=True)
class Raw:
    """Exactly `size` bytes, as they are."""

    size: int

    @property
    def text(self) -> str:
        return f"{self.size} bytes"

    @property
    def width_bits(self) -> int:
        return 8 * self.size

    @property
    def permitted(self) -> str:
        return f"exactly {self.size} bytes"

    def fits(self, value: object) -> bool:
        return isinstance(value, bytes | bytearray) and len(value) == self.size


@dataclass(frozen=True, slots=True)
class Bcd:
    """`size` bytes of packed decimal digits, two to a byte, as a `str` of exactly twice as many digits."""

    size: int

    @property
    def text(self) -> str:
        return f"BCD, {2 * self.size} digits"

    @property
    def width_bits(self) -> int:
        return 8 * self.size

    @property
    def permitted(self) -> str:
        return f"a text of exactly {2 * self.size} decimal digits"

    def fits(self, value: object) -> bool:
        return isinstance(value, str) and len(value) == 2 * self.size and value.isascii() and value.isdigit()


@dataclass(frozen=True, slots=True)
class Nested:
    """A message of fixed size, in place. The mark may be left out: a field whose type is a Struct is nested."""

    item: type

    @property
    def text(self) -> str:
        return self.item.__name__

    @property
    def width_bits(self) -> None:
        return None

    @property
    def permitted(self) -> str:
        return f"a {self.item.__name__}"

    def fits(self, value: object) -> bool:
        return isinstance(value, self.item)


@dataclass(frozen=True, slots=True)
class Counted:
    """Bytes behind their own length."""

    length: Int

    @property
    def text(self) -> str:
        return f"{self.length.text} length, then bytes"

    @property
    def width_bits(self) -> None:
        return None

    @property
    def permitted(self) -> str:
        return f"at most {self.length.high} bytes"

    def fits(self, value: object) -> bool:
        return isinstance(value, bytes | bytearray | memoryview) and len(value) <= self.length.high


@dataclass(frozen=True, slots=True)
class Listed:
    """Messages of fixed size behind their count; the annotated type is `tuple[Item, ...]`."""

    count: Int

    @property
    def text(self) -> str:
        return f"{self.count.text} count, then items"

    @property
    def width_bits(self) -> None:
        return None

    @property
    def permitted(self) -> str:
        return f"a tuple of at most {self.count.high} items"

    def fits(self, value: object) -> bool:
        return isinstance(value, tuple | list) and len(value) <= self.count.high


@dataclass(frozen=True, slots=True)
class Rest:
    """Bytes up to the end, or up to the fields of fixed size that follow."""

    text: ClassVar[str] = "bytes to the end"
    width_bits: ClassVar[None] = None
    permitted: ClassVar[str] = "bytes"

    def fits(self, value: object) -> bool:
        return isinstance(value, bytes | bytearray | memoryview)


@dataclass(frozen=True, slots=True)
class Items:
    """Messages of fixed size up to the end; the annotated type is `tuple[Item, ...]`."""

    text: ClassVar[str] = "items to the end"
    width_bits: ClassVar[None] = None
    permitted: ClassVar[str] = "a tuple of items"

    def fits(self, value: object) -> bool:
        return isinstance(value, tuple | list)


class OpenIntEnum(enum.IntEnum):
    """Keeps a code that the document does not name, instead of refusing the packet.

    An unknown code becomes a member of its own, equal and hashed by value. It is never remembered,
    so a device cannot fill the memory with codes.
    """

    @property
    def known(self) -> bool:
        """Whether the document names this code."""
        return self.name in type(self).__members__

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, int):
            return None
        member = int.__new__(cls, value)
        member._name_ = f"UNKNOWN_{value:#x}"
        member._value_ = int(value)
        return member


class Members(dict[int, OpenIntEnum]):
    """The members by code; a code without one becomes a member of its own, and is not kept."""

    def __init__(self, kind: type[OpenIntEnum]) -> None:
        super().__init__({member.value: member for member in kind.__members__.values()})
        self._kind = kind

    def __missing__(self, code: int) -> OpenIntEnum:
        return self._kind(code)


U8: Final = Int(1)
U16: Final = Int(2)
U24: Final = Int(3)
U32: Final = Int(4)
U64: Final = Int(8)

u8 = Annotated[int, U8]
u16 = Annotated[int, U16]
u24 = Annotated[int, U24]
u32 = Annotated[int, U32]
u64 = Annotated[int, U64]
i8 = Annotated[int, Int(1, signed=True)]
i16 = Annotated[int, Int(2, signed=True)]
i32 = Annotated[int, Int(4, signed=True)]
i64 = Annotated[int, Int(8, signed=True)]

flag = Annotated[bool, Bits(1)]
u1 = Annotated[int, Bits(1)]
u2 = Annotated[int, Bits(2)]
u3 = Annotated[int, Bits(3)]
u4 = Annotated[int, Bits(4)]
u5 = Annotated[int, Bits(5)]
u6 = Annotated[int, Bits(6)]
u7 = Annotated[int, Bits(7)]
u10 = Annotated[int, Bits(10)]
u12 = Annotated[int, Bits(12)]
u15 = Annotated[int, Bits(15)]

rest = Annotated[bytes, Rest()]
