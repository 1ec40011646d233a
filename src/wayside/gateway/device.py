"""What the gateway remembers of one device, and what it sees of its line."""

from __future__ import annotations

from typing import Protocol

from wayside.gateway.jobs import Job
from wayside.gateway.pipeline import Recipient
from wayside.model.commands import Command
from wayside.model.instant import Instant
from wayside.ports.platform import Presence
from wayside.ports.store import DeviceRecord
from wayside.protocol.base import Link
from wayside.protocol.session import Session


class Line(Recipient, Protocol):
    """A live connection, as the registry and the command desk see it."""

    address: str
    link: Link
    last_seen: Instant
    session: Session

    def execute(self, command: Command) -> None:
        """Hand the command to the session and carry out what it says."""

    def admit(self, device: Device) -> None:
        """The device was accepted while it waited in quarantine: go on as a known one."""

    def replaced(self) -> None:
        """Another connection speaks for the device from now on: settle, and close."""

    def forget(self) -> None:
        """The device was deleted: say nothing more of it, and close."""


class Device:
    """A device of ours (or a rejected one).  ``jobs``: its commands that are not over, oldest first."""

    __slots__ = ("id", "jobs", "last_seen", "line", "record", "refusals", "registered_in", "since")

    def __init__(self, record: DeviceRecord) -> None:
        self.id = record.device
        self.record = record
        self.line: Line | None = None
        self.since: Instant | None = None
        self.last_seen: Instant | None = None
        self.refusals = 0
        self.registered_in = 0
        """The pipeline's batch that makes a self-registered device durable; nothing is sent to it before."""
        self.jobs: dict[str, Job] = {}

    def presence(self) -> Presence:
        """Whether it is here, and since when."""
        if self.line is None:
            return Presence(online=False, since=self.since, last_seen=self.last_seen)
        return Presence(
            online=True,
            since=self.since,
            last_seen=self.line.last_seen or None,
            address=self.line.address,
            transport=self.line.link.transport.value,
        )
