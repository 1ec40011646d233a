"""What can be asked of a cabinet."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from wayside.model.commands import Capability, Risk
from wayside.protocols.power_bank.messages import BANK_LENGTH_MAX, SLOT_MAX

ANSWER_WITHIN_S: Final = 20.0
"""One question, one answer, over a mobile network."""

BORROW_WITHIN_S: Final = 30.0
"""The slot's motor, a hand that takes the bank, and the way there and back."""

# Whoever ordered a bank stands before the cabinet; after this they have gone.
BORROW_EXPIRES_S: Final = 15.0


class BorrowParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which bank, and where it stands."""

    slot: Annotated[int, msgspec.Meta(ge=1, le=SLOT_MAX, description="Slot that the bank stands in, from 1")]
    bank: Annotated[
        str,
        msgspec.Meta(
            pattern=rf"^[0-9A-Za-z]{{1,{BANK_LENGTH_MAX}}}$", description="Number of the power bank"
        ),
    ]


CAPABILITIES: Final = (
    Capability(
        "query",
        "Ask what stands in the slots",
        Risk.QUERY,
        lane="query",
        answer_within_s=ANSWER_WITHIN_S,
        section="4.2",
    ),
    # One at a time: a cabinet has one person before it, and a second motor would take the first one's power.
    Capability(
        "borrow",
        "Give a power bank out",
        Risk.ACTUATION,
        BorrowParameters,
        lane="borrow",
        answer_within_s=BORROW_WITHIN_S,
        expires_after_s=BORROW_EXPIRES_S,
        section="4.4",
    ),
)
