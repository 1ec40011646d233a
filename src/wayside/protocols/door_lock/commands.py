"""What can be asked of a door lock."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from wayside.model.commands import Capability, Risk
from wayside.protocols.door_lock.unlocking import OPENED_WITHIN_S, STEP_WITHIN_S

# A door that opens when nobody expects it any more stands open to anybody.
UNLOCK_EXPIRES_S: Final = 30.0


class UnlockParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Opening now; the lock itself refuses it once the window has passed."""

    window_minutes: Annotated[
        int,
        msgspec.Meta(ge=1, le=1440, description="For how many minutes from now on the lock takes this order"),
    ] = 5


CAPABILITIES: Final = (
    Capability(
        "unlock",
        "Open the door",
        Risk.ACTUATION,
        UnlockParameters,
        lane="unlock",
        answer_within_s=2 * STEP_WITHIN_S + OPENED_WITHIN_S,
        expires_after_s=UNLOCK_EXPIRES_S,
        section="2D",
    ),
    Capability(
        "set_clock",
        "Set the lock's clock",
        Risk.SETTING,
        lane="clock",
        answer_within_s=STEP_WITHIN_S,
        section="2E",
    ),
)
