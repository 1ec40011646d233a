"""The identifiers: one row each (table 5.1, with the page that the document lost).

Everything else is derived from here: how a reply is cut, what its values are called, what may be written, in which
unit and range, and the tables in the README.
"""

from __future__ import annotations

import enum
from typing import Final, NamedTuple

import msgspec


class Access(enum.StrEnum):
    """What can be done with an identifier."""

    READ = "R"
    WRITE = "W"
    BOTH = "RW"


R, W, RW = Access


class Number(msgspec.Struct, frozen=True):
    """A number, ``per_unit`` counts of it to one ``unit`` (UCUM)."""

    per_unit: int = 1
    unit: str = ""
    signed: bool = False


class Cells(msgspec.Struct, frozen=True):
    """Cell number (1 byte) and millivolts (2), for each cell."""


class Temperature(msgspec.Struct, frozen=True):
    """Sign and magnitude: up to 100 as it is, above that 100 less the number; above 140 no reading."""


class Current(msgspec.Struct, frozen=True):
    """10 mA, in one of two forms; which, the protocol version (C0) says."""


class Warnings(msgspec.Struct, frozen=True):
    """A bit for each of ``WARNINGS``."""


class Status(msgspec.Struct, frozen=True):
    """A bit for each of ``STATUSES``."""


class Switch(msgspec.Struct, frozen=True):
    """1 is on, 0 is off."""


class Choice(msgspec.Struct, frozen=True):
    """A code from 0; each has a name."""

    names: tuple[str, ...]


class Text(msgspec.Struct, frozen=True):
    """ASCII, filled up with NULs or underscores.  ``pattern``: what may be written."""

    pattern: str = "^[ -~]*$"


class Secret(msgspec.Struct, frozen=True):
    """ASCII that nobody gets to see."""


Rule = Number | Cells | Temperature | Current | Warnings | Status | Switch | Choice | Text | Secret


class Row(NamedTuple):
    """One identifier.

    ``size``: bytes of its data; 0 for the cells, whose number varies.  ``span``: lowest and highest value that may be
    written, in the rule's unit; without one, whatever fits.  ``value``: the vocabulary's name, ``setting.<name>`` if
    not given.
    """

    identifier: int
    name: str
    access: Access
    size: int
    rule: Rule
    span: tuple[float, float] | None = None
    value: str = ""
    about: str = ""

    @property
    def value_name(self) -> str:
        """What the reading is called in events."""
        return self.value or f"setting.{self.name}"

    @property
    def readable(self) -> bool:
        """Whether it can stand in a reply."""
        return self.access is not Access.WRITE

    @property
    def writable(self) -> bool:
        """Whether it can be written."""
        return self.access is not Access.READ


COUNT: Final = Number()
MILLIVOLTS: Final = Number(1000, "V")
CENTIVOLTS: Final = Number(100, "V")
MILLIAMPERES: Final = Number(1000, "A")
AMPERES: Final = Number(1, "A")
AMPERE_HOURS: Final = Number(1, "A.h")
SECONDS: Final = Number(1, "s")
MINUTES: Final = Number(1, "min")
PERCENT: Final = Number(1, "%")
CELSIUS: Final = Number(1, "Cel")
SIGNED_CELSIUS: Final = Number(1, "Cel", signed=True)
KELVIN: Final = Number(1, "K")

CELL: Final = (1.0, 4.5)
DELAY: Final = (1, 60)
HOT: Final = (0, 100)
COLD: Final = (-45, 25)
AMPERAGE: Final = (1, 1000)

WARNINGS: Final = (
    "low_capacity",
    "mosfet_overtemperature",
    "charge_overvoltage",
    "discharge_undervoltage",
    "battery_overtemperature",
    "charge_overcurrent",
    "discharge_overcurrent",
    "cell_difference",
    "box_overtemperature",
    "battery_low_temperature",
    "cell_overvoltage",
    "cell_undervoltage",
    "protection_309_a",
    "protection_309_b",
)
"""The bits of 8B, from the lowest; 14 and 15 are reserved."""

STATUSES: Final = (
    "battery.mosfet.charge.status",
    "battery.mosfet.discharge.status",
    "battery.balancing.status",
)
"""The bits of 8C, from the lowest.  Bit 3 is called "battery" and is 0 in healthy packs: only in the raw word."""

TABLE: Final[tuple[Row, ...]] = (
    Row(0x79, "cell_voltages", R, 0, Cells(), value="battery.cell.{n}.voltage"),
    Row(0x80, "mosfet_temperature", R, 2, Temperature(), value="battery.mosfet.temperature"),
    Row(0x81, "box_temperature", R, 2, Temperature(), value="battery.box.temperature"),
    Row(0x82, "battery_temperature", R, 2, Temperature(), value="battery.temperature.2"),
    Row(0x83, "voltage", R, 2, CENTIVOLTS, value="battery.voltage"),
    Row(0x84, "current", R, 2, Current(), value="battery.current"),
    Row(0x85, "charge_level", R, 1, PERCENT, value="battery.level"),
    Row(0x86, "temperature_count", R, 1, COUNT, value="battery.temperature.count"),
    Row(0x87, "cycles", R, 2, COUNT, value="battery.cycles"),
    Row(0x89, "cycled_capacity", R, 4, AMPERE_HOURS, value="battery.capacity.cycled"),
    Row(0x8A, "cell_count", R, 2, COUNT, value="battery.cell.count"),
    Row(0x8B, "warnings", R, 2, Warnings(), value="battery.warning.raw"),
    Row(0x8C, "status", R, 2, Status(), value="battery.status.raw"),
    Row(0x8E, "pack_overvoltage_protection", RW, 2, CENTIVOLTS, (10, 150), about="cells times 90, by itself"),
    Row(
        0x8F, "pack_undervoltage_protection", RW, 2, CENTIVOLTS, (10, 150), about="cells times 93, by itself"
    ),
    Row(0x90, "cell_overvoltage_protection", RW, 2, MILLIVOLTS, CELL),
    Row(0x91, "cell_overvoltage_recovery", RW, 2, MILLIVOLTS, CELL),
    Row(0x92, "cell_overvoltage_delay", RW, 2, SECONDS, DELAY),
    Row(0x93, "cell_undervoltage_protection", RW, 2, MILLIVOLTS, CELL),
    Row(0x94, "cell_undervoltage_recovery", RW, 2, MILLIVOLTS, CELL),
    Row(0x95, "cell_undervoltage_delay", RW, 2, SECONDS, DELAY),
    Row(0x96, "cell_difference_protection", RW, 2, MILLIVOLTS, (0, 1.0)),
    Row(0x97, "discharge_overcurrent_protection", RW, 2, AMPERES, AMPERAGE),
    Row(0x98, "discharge_overcurrent_delay", RW, 2, SECONDS, DELAY),
    Row(0x99, "charge_overcurrent_protection", RW, 2, AMPERES, AMPERAGE),
    Row(0x9A, "charge_overcurrent_delay", RW, 2, SECONDS, DELAY),
    Row(0x9B, "balance_start_voltage", RW, 2, MILLIVOLTS, (2.0, 4.5)),
    Row(0x9C, "balance_start_difference", RW, 2, MILLIVOLTS, (0.01, 1.0)),
    Row(0x9D, "balancer_switch", RW, 1, Switch(), about="some firmware refuses to change it"),
    Row(0x9E, "mosfet_overtemperature_protection", RW, 2, CELSIUS, HOT),
    Row(0x9F, "mosfet_overtemperature_recovery", RW, 2, CELSIUS, HOT),
    Row(0xA0, "box_overtemperature_protection", RW, 2, CELSIUS, (40, 100)),
    Row(0xA1, "box_overtemperature_recovery", RW, 2, CELSIUS, (40, 100)),
    Row(0xA2, "temperature_difference_protection", RW, 2, KELVIN, (5, 20)),
    Row(0xA3, "charge_overtemperature_protection", RW, 2, CELSIUS, HOT),
    Row(0xA4, "discharge_overtemperature_protection", RW, 2, CELSIUS, HOT),
    Row(0xA5, "charge_undertemperature_protection", RW, 2, SIGNED_CELSIUS, COLD),
    Row(0xA6, "charge_undertemperature_recovery", RW, 2, SIGNED_CELSIUS, COLD),
    Row(0xA7, "discharge_undertemperature_protection", RW, 2, SIGNED_CELSIUS, COLD),
    Row(0xA8, "discharge_undertemperature_recovery", RW, 2, SIGNED_CELSIUS, COLD),
    Row(0xA9, "cells_in_series", RW, 1, COUNT, (3, 32)),
    Row(0xAA, "nominal_capacity", RW, 4, AMPERE_HOURS, value="battery.capacity.nominal"),
    Row(0xAB, "charge_switch", RW, 1, Switch(), about="what is wanted; 8C has what is"),
    Row(0xAC, "discharge_switch", RW, 1, Switch(), about="what is wanted; 8C has what is"),
    Row(0xAD, "current_calibration", RW, 2, MILLIAMPERES, (0.1, 20)),
    Row(0xAE, "board_address", RW, 1, COUNT, about="reserved for cascading"),
    Row(0xAF, "battery_type", RW, 1, Choice(("lithium_iron_phosphate", "ternary", "lithium_titanate"))),
    Row(0xB0, "sleep_delay", RW, 2, SECONDS),
    Row(0xB1, "low_capacity_alarm", RW, 1, PERCENT, (0, 80)),
    Row(
        0xB2, "parameter_password", RW, 10, Secret(), about="comes back in clear in every reply: never shown"
    ),
    Row(0xB3, "special_charger_switch", RW, 1, Switch()),
    Row(0xB4, "device_id", RW, 8, Text(), about="user data in modern firmware"),
    Row(0xB5, "manufacture_date", RW, 4, Text("^[0-9]{4}$"), value="device.manufacture.date", about="YYMM"),
    Row(0xB6, "working_time", RW, 4, MINUTES, value="device.uptime"),
    Row(0xB7, "software_version", R, 15, Text(), value="device.firmware.version"),
    Row(0xB8, "current_calibration_switch", RW, 1, Switch()),
    Row(0xB9, "actual_capacity", RW, 4, AMPERE_HOURS, value="battery.capacity.actual"),
    Row(
        0xBA,
        "manufacturer_id",
        RW,
        24,
        Text(),
        value="device.manufacturer.id",
        about="12 characters of user data and 12 of model in modern firmware; names the device over TCP",
    ),
    Row(0xBB, "restart", W, 1, Switch()),
    Row(0xBC, "factory_reset", W, 1, Switch()),
    Row(0xBD, "upgrade", W, 1, Switch()),
    Row(0xBE, "gps_off_voltage", W, 2, MILLIVOLTS, about="of the lowest cell; cuts the GPS module's supply"),
    Row(0xBF, "gps_on_voltage", W, 2, MILLIVOLTS, about="of the lowest cell; gives the supply back"),
    Row(0xC0, "protocol_version", R, 1, COUNT, value="battery.protocol.version"),
)
"""88 and 8D are undefined: their size is not known, and neither is the size of what a newer firmware may add."""

ROWS: Final[dict[int, Row]] = {row.identifier: row for row in TABLE}
NAMED: Final[dict[str, Row]] = {row.name: row for row in TABLE}

CELLS: Final = NAMED["cell_voltages"]
CURRENT: Final = NAMED["current"]
PASSWORD: Final = NAMED["parameter_password"]
DEVICE_ID: Final = NAMED["device_id"]
MANUFACTURER_ID: Final = NAMED["manufacturer_id"]
PROTOCOL_VERSION: Final = NAMED["protocol_version"]
