"""Commands: what can be asked of a device, how risky it is, and the one table of a command's life."""

from __future__ import annotations

import enum
from typing import Final

import msgspec

from wayside.model.events import Values
from wayside.model.instant import Instant


class Risk(enum.StrEnum):
    """What may go wrong when a command is carried out twice, late, or by mistake."""

    QUERY = "query"
    """Changes nothing."""
    SETTING = "setting"
    """Doing it twice is the same as once."""
    ACTUATION = "actuation"
    """Moves something at the roadside: at most one send, never for an offline device unless asked."""
    DANGEROUS = "dangerous"
    """Can cut the device off (another server, upgrade, reset): wants ``confirm: true``."""


class State(enum.StrEnum):
    """Where a command is."""

    ACCEPTED = "accepted"
    """Stored; whoever asked has heard so."""
    QUEUED = "queued"
    """Waits for the device, or for the command before it."""
    SENT = "sent"
    """Its first byte may have left; from here on only the device can say what happened."""
    ACKNOWLEDGED = "acknowledged"
    """The device has it; its result is still to come."""
    SUCCEEDED = "succeeded"
    """The device says that it is done."""
    FAILED = "failed"
    """The device says that it went wrong, or it is certain that it did not happen."""
    REJECTED = "rejected"
    """Refused: by the device, or by the server before anything of it was sent."""
    EXPIRED = "expired"
    """It waited too long; nothing of it was sent."""
    CANCELLED = "cancelled"
    """Taken back before anything of it was sent."""
    TIMED_OUT = "timed_out"
    """The device said nothing in time; a late answer still counts."""
    UNCONFIRMED = "unconfirmed"
    """Sent, and the protocol defines no answer; a later report may still confirm it."""
    UNKNOWN = "unknown"
    """It may or may not have happened; only the device can say."""


# A row for every state: the states that may follow it.  An empty row is an end that nothing can change.
TRANSITIONS: Final[dict[State, frozenset[State]]] = {
    State.ACCEPTED: frozenset({State.QUEUED, State.SENT, State.REJECTED, State.EXPIRED, State.CANCELLED}),
    State.QUEUED: frozenset({State.SENT, State.REJECTED, State.EXPIRED, State.CANCELLED}),
    State.SENT: frozenset(
        {
            State.ACKNOWLEDGED,
            State.SUCCEEDED,
            State.FAILED,
            State.REJECTED,
            State.TIMED_OUT,
            State.UNCONFIRMED,
            State.UNKNOWN,
        }
    ),
    State.ACKNOWLEDGED: frozenset(
        {State.SUCCEEDED, State.FAILED, State.TIMED_OUT, State.UNCONFIRMED, State.UNKNOWN}
    ),
    State.TIMED_OUT: frozenset({State.SUCCEEDED, State.FAILED}),
    State.UNCONFIRMED: frozenset({State.SUCCEEDED, State.FAILED}),
    State.UNKNOWN: frozenset({State.SUCCEEDED, State.FAILED}),
    State.SUCCEEDED: frozenset(),
    State.FAILED: frozenset(),
    State.REJECTED: frozenset(),
    State.EXPIRED: frozenset(),
    State.CANCELLED: frozenset(),
}

IN_FLIGHT: Final = frozenset({State.SENT, State.ACKNOWLEDGED})
"""The device has it, and its session still waits."""

OPEN: Final = frozenset({State.TIMED_OUT, State.UNCONFIRMED, State.UNKNOWN})
"""Nobody waits any more, but a late word from the device is honoured."""

WAITING: Final = frozenset({State.ACCEPTED, State.QUEUED})
"""No byte of it has left; it may still be cancelled."""


class NoParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For a capability that takes none."""


class Capability(msgspec.Struct, frozen=True):
    """One thing that can be asked of a device of a protocol.

    ``parameters`` is a Struct whose annotations (``msgspec.Meta`` ranges, patterns, descriptions) are the JSON
    Schema and the validation; ``lane`` names what may only be under way once per device at a time (None: any
    number, the protocol's own correlator tells them apart); ``answer_within_s`` is how long the session waits;
    ``expires_after_s`` how long it may wait to be sent; ``keeps`` names the parameters that are options of the device
    from its success on (a new key), each with the option's name.  ``file_within_s`` None: the answer is the result.
    Else it only acknowledges; the result is a file that comes by another way, and may take so long after the answer.
    """

    name: str
    title: str
    risk: Risk
    parameters: type[msgspec.Struct] = NoParameters
    lane: str | None = None
    answer_within_s: float = 30.0
    expires_after_s: float = 60.0
    section: str = ""
    """Where the protocol document describes it."""
    file_within_s: float | None = None
    keeps: dict[str, str] = {}


class Command(msgspec.Struct, frozen=True):
    """What a session is asked to carry out.  ``number`` is unique per server and fits 32 bits."""

    id: str
    number: int
    capability: str
    parameters: msgspec.Struct


class Transition(msgspec.Struct, frozen=True, gc=False):
    """One step of a command's life; all of them together are its audit trail."""

    command: str
    state: State
    at: Instant
    detail: str = ""
    values: Values = {}
    late: bool = False


class CommandRecord(msgspec.Struct, frozen=True):
    """A command as the store keeps it and the API shows it; ``transitions`` oldest first."""

    id: str
    number: int
    device: str
    capability: str
    parameters: dict[str, object]
    state: State
    created_at: Instant
    expires_at: Instant
    requested_by: str
    idempotency_key: str | None = None
    late: bool = False
    detail: str = ""
    values: Values = {}
    transitions: tuple[Transition, ...] = ()


def may_follow(before: State, after: State) -> bool:
    """Whether a command in ``before`` may go to ``after``."""
    return after in TRANSITIONS[before]
