"""The life of a rental, as one table.

    requested → dispensing → rented → returned
                     ↓ ↑        ↓
                   unknown     lost

The order to the cabinet does not begin a rental; its word that the bank was given out does, and nothing else.
"""

from __future__ import annotations

import enum
from typing import Final

from wayside.model.commands import State
from wayside.model.rentals import RentalState


class Input(enum.Enum):
    """What can happen to it."""

    SENT = enum.auto()
    REFUSED = enum.auto()
    """The order never left."""
    SILENT = enum.auto()
    """Time was up, or the line gone."""
    BORROWED = enum.auto()
    BORROW_FAILED = enum.auto()
    STILL_THERE = enum.auto()
    """The bank stands in the slot that it was to leave."""
    RETURNED = enum.auto()
    """The bank stands in some slot, though it had left."""
    ELSEWHERE = enum.auto()
    """The bank was given out in another place."""
    WRITTEN_OFF = enum.auto()


OPEN: Final = frozenset(
    {RentalState.REQUESTED, RentalState.DISPENSING, RentalState.UNKNOWN, RentalState.RENTED}
)
"""A bank with such a rental cannot be asked for."""

ASKED: Final = frozenset({RentalState.REQUESTED, RentalState.DISPENSING})
"""A slot with such a rental must not be asked for another."""

# What does not stand here does not happen: a repeated or overtaken word changes nothing.
TABLE: Final[dict[RentalState, dict[Input, RentalState]]] = {
    RentalState.REQUESTED: {
        Input.SENT: RentalState.DISPENSING,
        Input.REFUSED: RentalState.REFUSED,
        Input.SILENT: RentalState.UNKNOWN,
        Input.BORROWED: RentalState.RENTED,
        Input.BORROW_FAILED: RentalState.FAILED,
        Input.ELSEWHERE: RentalState.FAILED,
        Input.WRITTEN_OFF: RentalState.LOST,
    },
    RentalState.DISPENSING: {
        Input.REFUSED: RentalState.REFUSED,
        Input.SILENT: RentalState.UNKNOWN,
        Input.BORROWED: RentalState.RENTED,
        Input.BORROW_FAILED: RentalState.FAILED,
        Input.STILL_THERE: RentalState.NOT_GIVEN,
        Input.RETURNED: RentalState.RETURNED,
        Input.ELSEWHERE: RentalState.FAILED,
        Input.WRITTEN_OFF: RentalState.LOST,
    },
    RentalState.UNKNOWN: {
        Input.BORROWED: RentalState.RENTED,
        Input.BORROW_FAILED: RentalState.FAILED,
        Input.STILL_THERE: RentalState.NOT_GIVEN,
        Input.RETURNED: RentalState.RETURNED,
        Input.ELSEWHERE: RentalState.RETURNED,
        Input.WRITTEN_OFF: RentalState.LOST,
    },
    RentalState.RENTED: {
        Input.RETURNED: RentalState.RETURNED,
        Input.ELSEWHERE: RentalState.RETURNED,
        Input.WRITTEN_OFF: RentalState.LOST,
    },
    # Should the cabinet say after all that it gave the bank out, then it did: a failure that it reports may be an
    # earlier one, repeated just when the new order had left.
    RentalState.NOT_GIVEN: {Input.BORROWED: RentalState.RENTED, Input.BORROW_FAILED: RentalState.FAILED},
    RentalState.FAILED: {Input.BORROWED: RentalState.RENTED},
    RentalState.REFUSED: {},
    RentalState.RETURNED: {},
    RentalState.LOST: {},
}

OUTCOMES: Final[dict[State, Input]] = {
    State.SENT: Input.SENT,
    State.REJECTED: Input.REFUSED,
    State.EXPIRED: Input.REFUSED,
    State.CANCELLED: Input.REFUSED,
    State.UNKNOWN: Input.SILENT,
    State.TIMED_OUT: Input.SILENT,
    State.FAILED: Input.STILL_THERE,
}
"""What a step of the borrow command means.  *Succeeded* means nothing: the cabinet's own word has come before it.
*Failed* comes behind the cabinet's own word, too, or else from what its slots show."""
