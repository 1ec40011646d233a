"""Whether a bank can be called that."""

from __future__ import annotations

from typing import Final

from wayside.model.rentals import BANK_ID

LABEL_LENGTH_MAX: Final = 100
"""A label is for a list on a screen."""


def misfit(bank: str, label: str) -> tuple[str, str] | None:
    """The field that no bank can have, and what is wanted there; None if both are well."""
    if not BANK_ID.fullmatch(bank):
        return "bank", f"{bank[:24]!r}: 1 to 24 letters and digits wanted"
    if len(label) > LABEL_LENGTH_MAX or not (label == "" or label.isprintable()):
        return "label", f"at most {LABEL_LENGTH_MAX} printable characters wanted"
    return None
