"""Reaching a device that never connects by itself: what the command desk needs of Bluetooth."""

from __future__ import annotations

from typing import Protocol

from wayside.gateway.device import Device
from wayside.model.commands import Capability


class Reach(Protocol):
    """Connects to devices when something waits for them."""

    def can(self, device: Device, capability: Capability) -> bool:
        """Whether this could be carried out by calling the device: then it waits for that, until it expires."""

    def call(self, device: Device) -> None:
        """Something waits for the device: call it, if it can be called."""


class NoReach:
    """Every device has to come by itself."""

    def can(self, device: Device, capability: Capability) -> bool:  # noqa: ARG002 - as in Reach
        return False

    def call(self, device: Device) -> None:
        """There is no way."""
