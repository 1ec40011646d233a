"""Every name that an event may hold: the rows of the vocabulary, by theme.  ``vocabulary.py`` reads them.

A segment ``{n}`` stands for a number from 1 (or, for readings of a battery's own probes, the number that its
protocol gives), a segment ``{name}`` for a word.  Units are UCUM codes.  The last column is the Home Assistant
device class, where there is one.  Names follow flespi's parameters where those exist.
"""

from __future__ import annotations

from typing import Final

Row = tuple[str, str, str, str, str]

POSITION: Final[tuple[Row, ...]] = (
    ("position.latitude", "number", "deg", "Latitude, north positive.", ""),
    ("position.longitude", "number", "deg", "Longitude, east positive.", ""),
    ("position.speed", "number", "km/h", "Speed over ground.", "speed"),
    ("position.direction", "number", "deg", "Course over ground, clockwise from north.", ""),
    ("position.altitude", "number", "m", "Height, below sea level negative.", "distance"),
    ("position.satellites", "integer", "", "Satellites used for the fix.", ""),
    ("position.valid", "boolean", "", "Whether the receiver had a fix.", ""),
    ("position.differential", "boolean", "", "Whether the fix is differential.", ""),
    ("position.buffered", "boolean", "", "Recorded earlier and uploaded again.", ""),
    ("report.reason", "string", "", "Why the device sent this report.", "enum"),
    ("report.reason.raw", "integer", "", "The reason's code, where no name is known for it.", ""),
)

NETWORK: Final[tuple[Row, ...]] = (
    ("gsm.mcc", "integer", "", "Mobile country code of the cell.", ""),
    ("gsm.mnc", "integer", "", "Mobile network code of the cell.", ""),
    ("gsm.lac", "integer", "", "Location area code of the cell.", ""),
    ("gsm.cellid", "integer", "", "Cell number.", ""),
    ("gsm.signal.level", "number", "%", "Signal strength, of the strongest that the device can name.", ""),
    ("gsm.signal.raw", "integer", "", "Signal strength as the device sent it.", ""),
    ("sim.iccid", "string", "", "Number of the SIM card.", ""),
    ("sim.imsi", "string", "", "Subscriber number of the SIM card.", ""),
    ("sim.apn", "string", "", "Access point name in use.", ""),
    ("bluetooth.mac", "string", "", "Bluetooth address, as AA:BB:CC:DD:EE:FF.", ""),
    ("connection.status", "string", "", "Whether the device is connected.", "enum"),
    ("connection.reason", "string", "", "Why the connection began or ended.", ""),
)

DEVICE: Final[tuple[Row, ...]] = (
    ("device.imei", "string", "", "The modem's IMEI.", ""),
    ("device.imei.valid", "boolean", "", "Whether the IMEI's check digit is right.", ""),
    ("device.model.code", "string", "", "The model's code, hexadecimal.", ""),
    ("device.timezone", "integer", "min", "Time zone that the device displays, minutes east of UTC.", ""),
    ("device.language.raw", "integer", "", "The code of the device's language.", ""),
    ("device.uuid", "string", "", "The device's own unique id.", ""),
    ("device.firmware.version", "string", "", "Version of the firmware.", ""),
    ("device.firmware.date", "string", "", "Build date of the firmware, as the device writes it.", ""),
    ("device.module.version", "string", "", "Version of the network module.", ""),
    (
        "device.key.default.status",
        "boolean",
        "",
        "Whether the factory key still opens the device.",
        "problem",
    ),
    ("device.manufacturer.id", "string", "", "The manufacturer's text for the device.", ""),
    ("device.manufacture.date", "string", "", "When it was made, as the device writes it.", ""),
    ("device.uptime", "number", "min", "Working time since it left the factory.", "duration"),
    ("reply.text", "string", "", "A device's answer to a command, in its own words.", ""),
    (
        "frame.checksum.valid",
        "boolean",
        "",
        "Whether the message's check code was right; left out if so.",
        "",
    ),
    ("frame.checksum.profile", "string", "", "How the device was found to compute its check code.", ""),
    ("module.text", "string", "", "A line that an attached module sent through the device.", ""),
    ("module.type.raw", "integer", "", "The code of the module or content that sent raw data.", ""),
    ("module.data.raw", "string", "", "Content that no rule describes, hexadecimal.", ""),
    ("update.status", "string", "", "How a firmware update stands.", "enum"),
    ("update.status.raw", "integer", "", "The update's code, where no name is known for it.", ""),
)

VEHICLE: Final[tuple[Row, ...]] = (
    ("engine.ignition.status", "boolean", "", "Whether the ignition is on.", ""),
    ("vehicle.mileage.raw", "integer", "", "Mileage as sent; the document gives no unit.", ""),
    ("external.powersource.voltage", "number", "V", "Voltage of the vehicle's supply.", "voltage"),
    ("battery.charging.status", "boolean", "", "Whether the battery is being charged.", "battery_charging"),
    ("battery.level.step", "integer", "", "Battery level in steps, 0 (off) to 6 (very high).", ""),
    ("driver.id", "string", "", "The driver's number.", ""),
    ("driver.name", "string", "", "The driver's name.", ""),
    ("media.files", "strings", "", "Names of files that are announced, or have come.", ""),
    ("media.kind", "string", "", "What the file is.", "enum"),
    ("media.file", "string", "", "Id of a file that is kept here.", ""),
    ("media.type", "string", "", "Media type of the file, by its content.", ""),
    ("media.md5", "string", "", "MD5 of the file, hexadecimal.", ""),
    (
        "media.channel",
        "string",
        "",
        "Which camera the file is of: road, cabin, or the device's own mark.",
        "",
    ),
    ("media.origin", "string", "", "Why the file came.", "enum"),
    ("media.signature", "string", "", "What the signature of the upload is; it proves nothing.", "enum"),
    ("media.instruction", "integer", "", "Number of the command that the upload names.", ""),
    ("media.recordings", "integer", "", "How many recordings the device says it holds.", ""),
    ("media.size", "integer", "By", "Size of the file.", "data_size"),
    ("rfid.code", "string", "", "What an RFID or card reader read.", ""),
    ("card.status", "string", "", "What the card did.", "enum"),
    ("card.status.raw", "integer", "", "The card's code, where no name is known for it.", ""),
    (
        "card.tracks",
        "strings",
        "",
        "The card's tracks, in order; an empty text for one that was not read.",
        "",
    ),
    ("camera.builtin.{n}.status", "boolean", "", "Whether the built-in camera works.", ""),
    ("camera.peripheral.{n}.status", "boolean", "", "Whether the attached camera works.", ""),
    ("sensor.temperature.{n}", "number", "Cel", "Temperature of probe n.", "temperature"),
    ("sensor.humidity.{n}", "number", "%", "Humidity at probe n.", "humidity"),
    ("sensor.status.raw", "integer", "", "The status byte of an attached sensor.", ""),
    ("sensor.batch", "integer", "", "Number of the batch that the readings came in.", ""),
    ("fuel.level.{n}", "number", "", "Fuel in tank n, in the unit that fuel.unit.n names.", ""),
    ("fuel.unit.{n}", "string", "", "Unit of fuel.level.n.", "enum"),
    ("fuel.unit.{n}.raw", "integer", "", "The unit's code, where no name is known for it.", ""),
    ("fuel.sensor.{n}.type.raw", "integer", "", "The code of the fuel sensor's type.", ""),
    ("adc.voltage.{n}", "number", "V", "Voltage at analogue input n.", "voltage"),
)

ALARM: Final[tuple[Row, ...]] = (
    ("alarm.kind", "string", "", "What the alarm is about; left out where the code has no name.", "enum"),
    ("alarm.code", "integer", "", "The alarm's number in the device's protocol.", ""),
    ("alarm.value", "number", "", "A number that belongs to the alarm.", ""),
)

LOCK: Final[tuple[Row, ...]] = (
    ("lock.state", "string", "", "Whether it is locked.", "enum"),
    ("lock.state.raw", "integer", "", "The state's code, where no name is known for it.", ""),
    ("lock.arm.position", "string", "", "Where the parking lock's lever is.", "enum"),
    ("lock.arm.position.raw", "integer", "", "The lever's code, where no name is known for it.", ""),
    ("lock.auto.status", "boolean", "", "Whether it locks by itself when a car has left.", ""),
    ("lock.cover.status", "boolean", "", "Whether something covers the lock.", ""),
    ("lock.calibrated.status", "boolean", "", "Whether the lever is calibrated.", ""),
    ("lock.duration", "integer", "min", "How long it had been unlocked, as the lock counts.", "duration"),
    ("lock.wait", "integer", "s", "How long the lock wants to be left alone.", "duration"),
    ("bay.occupied.status", "boolean", "", "Whether a car stands above; left out while locked.", "occupancy"),
    ("operation.kind", "string", "", "What was done.", "enum"),
    ("operation.result", "string", "", "How it ended.", "enum"),
    ("operation.result.raw", "integer", "", "The result's code, where no name is known for it.", ""),
    ("operation.user", "integer", "", "The user number that the device reports with it.", ""),
)

CABINET: Final[tuple[Row, ...]] = (
    ("cabinet.slot", "integer", "", "The slot that this is about.", ""),
    ("cabinet.slot.{n}.state", "string", "", "What is in slot n.", "enum"),
    ("cabinet.slot.{n}.state.raw", "string", "", "The state's code, where no name is known for it.", ""),
    ("cabinet.slot.{n}.bank", "string", "", "The bank in slot n.", ""),
    ("bank.id", "string", "", "A power bank's number.", ""),
)

BATTERY: Final[tuple[Row, ...]] = (
    ("battery.voltage", "number", "V", "Voltage of the device's battery.", "voltage"),
    ("battery.level", "number", "%", "State of charge.", "battery"),
    ("battery.current", "number", "A", "Current, charging positive.", "current"),
    ("battery.cell.{n}.voltage", "number", "V", "Voltage of cell n.", "voltage"),
    ("battery.cell.count", "integer", "", "How many cells are in series.", ""),
    ("battery.cell.voltage_delta", "number", "V", "Highest less lowest cell voltage.", "voltage"),
    ("battery.temperature.{n}", "number", "Cel", "Temperature of battery probe n.", "temperature"),
    ("battery.temperature.count", "integer", "", "How many battery probes there are.", ""),
    ("battery.mosfet.temperature", "number", "Cel", "Temperature of the power transistors.", "temperature"),
    ("battery.box.temperature", "number", "Cel", "Temperature in the battery's box.", "temperature"),
    ("battery.cycles", "integer", "", "Charge cycles.", ""),
    ("battery.capacity.cycled", "number", "A.h", "Charge that went through in all.", ""),
    ("battery.capacity.nominal", "number", "A.h", "Capacity as set.", ""),
    ("battery.capacity.actual", "number", "A.h", "Capacity as measured.", ""),
    ("battery.mosfet.charge.status", "boolean", "", "Whether the charging transistor is on.", ""),
    ("battery.mosfet.discharge.status", "boolean", "", "Whether the discharging transistor is on.", ""),
    ("battery.balancing.status", "boolean", "", "Whether the balancer is working.", ""),
    ("battery.status.raw", "integer", "", "The status word as sent.", ""),
    ("battery.warning.{name}", "boolean", "", "Whether this warning stands.", "problem"),
    ("battery.warning.raw", "integer", "", "The warning word as sent.", ""),
    ("battery.protocol.version", "integer", "", "Version of the battery's protocol.", ""),
    ("setting.{name}", "any", "", "A setting as read back; its unit stands in the family's page.", ""),
)

ROWS: Final[tuple[Row, ...]] = POSITION + NETWORK + DEVICE + VEHICLE + ALARM + LOCK + CABINET + BATTERY

# The values that a name may take, where they are a closed list.  ``alarm.kind`` is open: every family has its own.
CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "report.reason": (
        "interval",
        "distance",
        "corner",
        "ignition",
        "static",
        "reconnected",
        "ephemeris",
        "button",
        "power_on",
        "power_on_cell",
        "static_updated",
        "wifi",
        "requested",
        "static_last",
        "fixed_time",
        "tracking_ended",
        "door_opened",
        "door_closed",
        "removed",
        "installed",
        "fence_entered",
        "fence_left",
        "environment_abnormal",
        "ship_mode",
        "land_mode",
        "static_mode",
        "battery_low",
        "event",
    ),
    "connection.status": ("online", "offline"),
    "update.status": ("accepted", "rejected", "finished"),
    "media.kind": ("picture", "video", "audio", "other"),
    "media.origin": ("alarm", "announced", "command", "unexpected", "recording"),
    "media.signature": ("valid", "wrong", "missing"),
    "card.status": ("login", "logout", "illegal"),
    "fuel.unit.{n}": ("cm", "%", "V", "L"),
    "lock.state": ("locked", "unlocked", "moving", "unknown"),
    "lock.arm.position": ("down", "up", "other"),
    "operation.kind": ("unlock", "lock", "borrow", "return"),
    "operation.result": ("ok", "failed", "refused", "timeout", "key_refused", "locked_out"),
    "cabinet.slot.{n}.state": ("full", "charging", "flat", "empty", "fault"),
}
