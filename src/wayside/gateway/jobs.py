"""A command on its way: what the desk knows of it between two rows in the store."""

from __future__ import annotations

from typing import Final

from wayside.model.commands import Capability, Command, CommandRecord, Risk, State
from wayside.model.instant import Instant
from wayside.protocol.questions import OpenCommand

NOT_TWICE: Final = frozenset({Risk.ACTUATION, Risk.DANGEROUS})
"""What must never happen twice by itself: when it may have happened, it is unknown until the device says."""


class Job:
    """One command that is not over.

    ``state`` is the latest, perhaps not durable yet.  ``queue``: it may wait for an offline device.
    ``handed``: the live session has it, although no byte may have left.
    """

    __slots__ = (
        "acknowledged_at",
        "capability",
        "command",
        "device",
        "expires_at",
        "handed",
        "queue",
        "sent_at",
        "state",
    )

    def __init__(
        self, record: CommandRecord, capability: Capability, command: Command, *, queue: bool
    ) -> None:
        self.command = command
        self.capability = capability
        self.device = record.device
        self.expires_at: Instant = record.expires_at
        self.state = record.state
        self.queue = queue
        self.handed = False
        reached = {step.state: step.at for step in record.transitions}
        self.sent_at: Instant | None = reached.get(State.SENT)
        self.acknowledged_at: Instant | None = reached.get(State.ACKNOWLEDGED)

    @property
    def id(self) -> str:
        """The command's id."""
        return self.command.id

    @property
    def lost(self) -> State:
        """Where it goes when nobody will tell any more how it went."""
        return State.UNKNOWN if self.capability.risk in NOT_TWICE else State.TIMED_OUT

    @property
    def brings_file(self) -> bool:
        """Whether its result is a file, which comes by another way than the device's answer."""
        return self.capability.file_within_s is not None

    @property
    def awaits_file(self) -> bool:
        """Whether the device has said all that it will, and only what comes by another way is missing."""
        return self.state is State.ACKNOWLEDGED and self.brings_file

    def as_open(self) -> OpenCommand:
        """As a new session hears of it."""
        command = self.command
        return OpenCommand(
            command.id,
            command.number,
            command.capability,
            command.parameters,
            self.state,
            self.sent_at,
            self.acknowledged_at,
        )
