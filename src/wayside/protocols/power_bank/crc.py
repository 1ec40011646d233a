"""How a cabinet computes its CRC16.  The document names it and says no more, so that is a profile, which can be learnt.

A profile is written ``algorithm/coverage/order/case``, as ``modbus/text/high/upper``; parts left out at its end are
the default's.
"""

from __future__ import annotations

from itertools import product
from typing import Final

import msgspec

from wayside.wire.checksums import CRC16

BYTE_BITS: Final = 8

COVERAGES: Final = {
    "text": ("", ""),
    "text-comma": ("", ","),
    "brace-text": ('{"', ""),
    "brace-text-comma": ('{"', ","),
}
"""What is checked before and behind the text, which runs from the IMEI to the comma before the CRC, without it."""

ORDERS: Final = ("high", "low")
"""Which byte is written first."""

CASES: Final = ("upper", "lower")
"""Of the hexadecimal digits A to F."""

CHOICES: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("algorithm", tuple(CRC16)),
    ("coverage", tuple(COVERAGES)),
    ("order", ORDERS),
    ("case", CASES),
)


class Crc(msgspec.Struct, frozen=True):
    """One way to compute and write it."""

    algorithm: str = "modbus"
    coverage: str = "text"
    order: str = "high"
    case: str = "upper"

    def __str__(self) -> str:
        return f"{self.algorithm}/{self.coverage}/{self.order}/{self.case}"

    def of(self, text: str) -> str:
        """The four digits for a text."""
        before, behind = COVERAGES[self.coverage]
        return self._written(CRC16[self.algorithm](f"{before}{text}{behind}".encode("ascii", "replace")))

    def fits(self, text: str, crc: str) -> bool:
        """Whether these digits are right.  Their case proves nothing, and is not held against them."""
        return self.of(text).upper() == crc.upper()

    def _written(self, value: int) -> str:
        if self.order == "low":
            value = (value & 0xFF) << BYTE_BITS | value >> BYTE_BITS
        return f"{value:04X}" if self.case == "upper" else f"{value:04x}"


DEFAULT: Final = Crc()

CANDIDATES: Final = tuple(Crc(*parts) for parts in product(*(choices for _, choices in CHOICES)))
"""All profiles, the likeliest first."""


def candidates(text: str, crc: str) -> list[Crc]:
    """The profiles under which these digits are right, their case included."""
    return [candidate for candidate in CANDIDATES if candidate.of(text) == crc]


def crc_from(text: str) -> Crc:
    """Read a profile as it is written in a configuration.

    Raises:
        ValueError: a part is not one of its choices; names them.
    """
    parts = text.split("/")
    if len(parts) > len(CHOICES):
        raise ValueError(f"{text!r} has more than {len(CHOICES)} parts")
    for part, (name, choices) in zip(parts, CHOICES, strict=False):
        if part not in choices:
            raise ValueError(f"{name} {part!r} is none of {', '.join(choices)}")
    return Crc(*parts)
