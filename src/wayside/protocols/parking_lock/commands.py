"""What can be asked of a parking lock over TCP, and the words for it."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from wayside.model.commands import Capability, Risk
from wayside.protocols.parking_lock import messages as m
from wayside.protocols.parking_lock.operation import KEY_WITHIN_S, RESULT_WITHIN_S

ANSWER_WITHIN_S: Final = 20.0
"""One question, one answer, over a mobile network with the modem asleep at first."""

UPGRADE_WITHIN_S: Final = 900.0
"""The lock fetches some hundred kilobytes over a slow network, writes them, and restarts."""

OPERATION_WITHIN_S: Final = 2 * (KEY_WITHIN_S + RESULT_WITHIN_S)
"""Two keys at most; see ``operation.py``."""

# A lever that moves when nobody expects it any more hits somebody's car.
OPERATION_EXPIRES_S: Final = 30.0


class AutoLockParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether the lock closes by itself when no car has come, or one has left."""

    enabled: Annotated[bool, msgspec.Meta(description="Lock by itself when no car stands above")]


class ServerParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Another server for the lock to connect to."""

    host: Annotated[
        str,
        msgspec.Meta(
            pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]{0,62}[A-Za-z0-9])?$", description="Host name or IPv4 address"
        ),
    ]
    port: Annotated[int, msgspec.Meta(ge=1, le=65535, description="TCP port")]


class UpgradeParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A firmware file that was stored before."""

    firmware: Annotated[
        str, msgspec.Meta(min_length=1, max_length=64, description="Id of the stored firmware file")
    ]


# An operation is a dialogue, and there is one lever; the others are told apart by their command word alone.
CAPABILITIES: Final = (
    Capability(
        "unlock",
        "Lower the lever",
        Risk.ACTUATION,
        lane="operation",
        answer_within_s=OPERATION_WITHIN_S,
        expires_after_s=OPERATION_EXPIRES_S,
        section="2.5",
    ),
    Capability(
        "lock",
        "Raise the lever",
        Risk.ACTUATION,
        lane="operation",
        answer_within_s=OPERATION_WITHIN_S,
        expires_after_s=OPERATION_EXPIRES_S,
        section="2.6",
    ),
    Capability(
        "status", "Ask for the state", Risk.QUERY, lane="S5", answer_within_s=ANSWER_WITHIN_S, section="2.3"
    ),
    Capability(
        "version",
        "Ask for the versions",
        Risk.QUERY,
        lane="G0",
        answer_within_s=ANSWER_WITHIN_S,
        section="2.7",
    ),
    Capability(
        "auto_lock",
        "Switch automatic locking",
        Risk.SETTING,
        AutoLockParameters,
        lane="S6",
        answer_within_s=ANSWER_WITHIN_S,
        section="2.13",
    ),
    Capability(
        "find", "Sound the horn once", Risk.ACTUATION, lane="S8", expires_after_s=30.0, section="2.12"
    ),
    Capability("reboot", "Restart the lock", Risk.ACTUATION, lane="S1", expires_after_s=30.0, section="2.11"),
    Capability(
        "set_server",
        "Send the lock to another server",
        Risk.DANGEROUS,
        ServerParameters,
        lane="S3",
        section="2.9",
    ),
    Capability(
        "upgrade",
        "Install a firmware file",
        Risk.DANGEROUS,
        UpgradeParameters,
        lane="U0",
        answer_within_s=UPGRADE_WITHIN_S,
        section="2.10",
    ),
)


def auto_lock_key(enabled: int) -> str:
    """What an S6 waits under: the word and the value, since its answer says which value is in force."""
    return f"S6,{enabled:d}"


AUTO_LOCK_KEYS: Final = (auto_lock_key(0), auto_lock_key(1))

QUERIES: Final[dict[str, tuple[str, m.StatusRequest | m.VersionRequest]]] = {
    "status": ("S5", m.StatusRequest()),
    "version": ("G0", m.VersionRequest()),
}
"""The word that the answer comes under, and the question."""
