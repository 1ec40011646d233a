"""IMEIs: fifteen digits, the last of which checks the others (Luhn, 3GPP TS 23.003 annex B)."""

from __future__ import annotations

from typing import Final

IMEI_DIGITS: Final = 15
_UNCHECKED: Final = IMEI_DIGITS - 1


def check_digit(digits: str) -> str:
    """The digit that belongs behind the first fourteen of an IMEI."""
    doubled = (int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(digits))
    return str(-sum(number // 10 + number % 10 for number in doubled) % 10)


def is_valid(imei: str) -> bool:
    """Whether this is fifteen digits and the last one is right."""
    return (
        len(imei) == IMEI_DIGITS
        and imei.isascii()
        and imei.isdigit()
        and check_digit(imei[:_UNCHECKED]) == imei[_UNCHECKED]
    )


def imei_of(model: str, number: int) -> str:
    """The IMEI of device ``number`` of a model; ``model`` is the IMEI's beginning (eight digits, as a rule)."""
    digits = f"{model}{number:0{_UNCHECKED - len(model)}d}"
    return digits + check_digit(digits)
