"""From messages to events: signs, units, times and names; rules by the type of the message."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from wayside.model.events import Event
from wayside.protocols.jimi.messages import basic, location, peripherals, transfer
from wayside.protocols.jimi.messages import modules as module_messages
from wayside.protocols.jimi.translate import modules, position, state

Events = tuple[Event, ...]

TRANSLATORS: Final[dict[type[msgspec.Struct], Callable[[Any], Events]]] = {
    location.Location: position.location,
    location.LocationWide: position.location,
    location.AdditionalLocation: position.additional_location,
    location.AdditionalLocationWide: position.additional_location,
    location.Alarm: position.alarm,
    location.AlarmOther: position.alarm_other,
    basic.Login: state.login,
    basic.Heartbeat: state.heartbeat,
    basic.Reply: state.reply,
    basic.ReplyWithLanguage: state.reply,
    basic.Unknown: lambda _: (),
    transfer.DeviceUuid: state.device_uuid,
    transfer.DeviceVersion: state.device_version,
    transfer.DeviceIdentity: state.device_identity,
    transfer.FuelSensor: state.fuel_sensor,
    transfer.TransferOther: state.transfer_other,
    module_messages.TemperatureFrame: modules.temperature_frame,
    module_messages.TemperatureText: modules.temperature_text,
    module_messages.CardReading: modules.card_reading,
    module_messages.ModuleOther: modules.module_other,
    module_messages.RecorderLine: modules.recorder_line,
    module_messages.Cameras: modules.cameras,
    peripherals.Peripherals: modules.peripherals,
    peripherals.Extension: modules.extension,
}


def events(message: msgspec.Struct) -> Events:
    """What a device's message means; nothing for a packet that the document does not have.

    Raises:
        wayside.wire.DecodeError: an item inside 0xF2 or 0x70 is cut short.
    """
    return TRANSLATORS[type(message)](message)
