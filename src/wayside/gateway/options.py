"""Options of single devices: who may hold which, and what a command that succeeded makes of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from wayside.model.commands import Capability
from wayside.model.errors import CommandError
from wayside.ports.store import DeviceRecord

# Of a protocol's options there are fewer than ten; the longest value is the UUIDs, three times 36 characters.
OPTIONS_MAX: Final = 20
VALUE_LENGTH_MAX: Final = 200

DEVICE_OPTIONS: Final = "device.options"
"""What the audit log calls a change; it names the options, and never their values."""

Check = Callable[[str, Mapping[str, str]], None]
"""Raises ``ValueError``: devices of this protocol cannot have these options."""


def unchecked(_protocol: str, _options: Mapping[str, str]) -> None:
    """For whoever knows no protocol's options."""


def changed(options: Mapping[str, str], changes: Mapping[str, str | None]) -> dict[str, str]:
    """The options with these changes; None takes one away.

    Raises:
        CommandError: too many, or one too long.
    """
    result = {name: text for name, text in ({**options, **changes}).items() if text is not None}
    if len(result) > OPTIONS_MAX:
        raise CommandError(f"at most {OPTIONS_MAX} options", "options")
    for name, text in result.items():
        if len(text) > VALUE_LENGTH_MAX or not text.isprintable():
            raise CommandError(f"{name}: at most {VALUE_LENGTH_MAX} printable characters", "options")
    return result


def kept(record: DeviceRecord, capability: Capability, parameters: msgspec.Struct) -> DeviceRecord:
    """The device as it is now that the command has succeeded: its new key or password is that of later connections."""
    new = {option: str(getattr(parameters, name)) for name, option in capability.keeps.items()}
    return msgspec.structs.replace(record, options=record.options | new)
