"""A simulated pack: cells that charge and discharge, and the settings that its BMS keeps."""

from __future__ import annotations

from typing import Final

from wayside.model.instant import SECOND, Instant, seconds
from wayside.protocol.simulator import Random
from wayside.protocols.jk_bms.identifiers import CELLS, NAMED, TABLE, Number, Row
from wayside.protocols.jk_bms.items import CELL

BOOT_S: Final = 16.0
"""So long after a boot charge level and cycles read 0."""

CAPACITY_AH: Final = 100
CURRENT_A: Final = (5.0, 40.0)
TURN_AT: Final = (0.15, 0.95)
"""The charge at which discharging turns to charging, and back."""

TROUBLE_S: Final = 60.0
"""How long a battery that got too warm stays so."""

OFFLINE_S_MAX: Final = 3600.0
"""Longer gaps between two looks at the pack pass as an hour."""

FACTORY: Final[dict[str, int | str]] = {
    "pack_overvoltage_protection": 5840,
    "pack_undervoltage_protection": 4320,
    "cell_overvoltage_protection": 3650,
    "cell_overvoltage_recovery": 3550,
    "cell_overvoltage_delay": 5,
    "cell_undervoltage_protection": 2700,
    "cell_undervoltage_recovery": 2800,
    "cell_undervoltage_delay": 5,
    "cell_difference_protection": 300,
    "discharge_overcurrent_protection": 150,
    # Beyond the printed range, as in real packs.
    "discharge_overcurrent_delay": 300,
    "charge_overcurrent_protection": 60,
    "charge_overcurrent_delay": 30,
    "balance_start_voltage": 3300,
    "balance_start_difference": 10,
    "balancer_switch": 1,
    "mosfet_overtemperature_protection": 90,
    "mosfet_overtemperature_recovery": 70,
    "box_overtemperature_protection": 80,
    "box_overtemperature_recovery": 70,
    "temperature_difference_protection": 20,
    "charge_overtemperature_protection": 60,
    "discharge_overtemperature_protection": 65,
    "charge_undertemperature_protection": -5,
    "charge_undertemperature_recovery": 0,
    "discharge_undertemperature_protection": -20,
    "discharge_undertemperature_recovery": -10,
    "nominal_capacity": CAPACITY_AH,
    "charge_switch": 1,
    "discharge_switch": 1,
    "current_calibration": 1000,
    "board_address": 1,
    "battery_type": 0,
    "sleep_delay": 3600,
    "low_capacity_alarm": 20,
    "parameter_password": "123456",
    "special_charger_switch": 0,
    "manufacture_date": "2401",
    "working_time": 12345,
    "software_version": "11.XW_S11.26___",
    "current_calibration_switch": 0,
    "actual_capacity": CAPACITY_AH - 2,
}


class Pack:
    """``settings`` are bytes by identifier; what is measured is made up when it is asked for."""

    def __init__(self, random: Random, number: int, cells: int, *, modern: bool) -> None:
        self._random = random
        self._cells = cells
        self._offsets_mv = [random.randrange(-6, 7) for _ in range(cells)]
        self._charge = random.uniform(*TURN_AT)
        self._current_a = -random.uniform(*CURRENT_A)
        self._cycles = random.randrange(1, 400)
        self._warm_until: Instant = 0
        self._looked_at: Instant | None = None
        self.booted_at: Instant | None = None
        self.rows = [
            row
            for row in TABLE
            if row.readable and (modern or row.identifier <= NAMED["software_version"].identifier)
        ]
        self._modern = modern
        user_data = f"wayside{number % 100_000:05d}" if modern else f"603{number % 100_000:05d}"
        self._own: dict[str, int | str] = {
            "cells_in_series": cells,
            "device_id": user_data[:8],
            "manufacturer_id": user_data + "JK_B2A24S15P",
            "protocol_version": 1,
        }
        self.settings: dict[int, bytes] = {}
        self.reset()

    def reset(self) -> None:
        """As it left the factory."""
        self.settings = {
            NAMED[name].identifier: _bytes_of(NAMED[name], value)
            for name, value in (FACTORY | self._own).items()
        }

    def pass_time(self, at: Instant, *, trouble: float) -> None:
        """Charge or discharge up to now; ``trouble`` is the chance that it gets too warm."""
        since, self._looked_at = self._looked_at, at
        if since is None:
            return
        hours = min((at - since) / SECOND, OFFLINE_S_MAX) / 3600
        self._charge += self._flowing_a * hours / CAPACITY_AH
        low, high = TURN_AT
        if not low < self._charge < high:
            self._charge = max(low, min(high, self._charge))
            charging = self._charge == low
            self._cycles += charging
            self._current_a = self._random.uniform(*CURRENT_A) * (1 if charging else -1)
        if self._random.random() < trouble:
            self._warm_until = at + seconds(TROUBLE_S)

    def data(self, at: Instant) -> bytes:
        """Everything, as in a full reply."""
        parts = [bytes((row.identifier,)) + self._lead(row) + self.reading(row, at) for row in self.rows]
        return b"".join(parts)

    def _lead(self, row: Row) -> bytes:
        return bytes((self._cells * CELL.size,)) if row is CELLS else b""

    def reading(self, row: Row, at: Instant) -> bytes:
        """The data of one identifier."""
        if (setting := self.settings.get(row.identifier)) is not None:
            return setting
        if row is CELLS:
            return b"".join(CELL.pack(number, voltage) for number, voltage in enumerate(self._cells_mv(), 1))
        return _bytes_of(row, self._measured(at)[row.name])

    def write(self, row: Row, value: bytes) -> bool:
        """Take a setting; False where there is no such thing."""
        if not row.writable or len(value) != row.size:
            return False
        if row.readable:
            self.settings[row.identifier] = value
        return True

    def _setting(self, name: str) -> int:
        row = NAMED[name]
        signed = isinstance(row.rule, Number) and row.rule.signed
        return int.from_bytes(self.settings[row.identifier], signed=signed)

    @property
    def _flowing_a(self) -> float:
        """What the switches let through."""
        switch = "charge_switch" if self._current_a > 0 else "discharge_switch"
        return self._current_a if self._setting(switch) == 1 else 0.0

    def _cells_mv(self) -> list[int]:
        rest = 3000 + 350 * self._charge + self._flowing_a / 2
        return [round(rest + offset + self._random.uniform(-1, 1)) for offset in self._offsets_mv]

    def _measured(self, at: Instant) -> dict[str, int]:
        cells = self._cells_mv()
        current = round(self._flowing_a * 100)
        warm = at < self._warm_until
        booting = self.booted_at is not None and at < self.booted_at + seconds(BOOT_S)
        level = round(self._charge * 100)
        low = level < self._setting("low_capacity_alarm")
        apart = max(cells) - min(cells)
        balancing = self._setting("balancer_switch") == 1 and apart > self._setting(
            "balance_start_difference"
        )
        switches = self._setting("charge_switch") | self._setting("discharge_switch") << 1
        return {
            "mosfet_temperature": _sign_magnitude(round(22 + abs(self._flowing_a) / 3)),
            "box_temperature": _sign_magnitude(21),
            "battery_temperature": _sign_magnitude(
                self._setting("charge_overtemperature_protection") + 1 if warm else -3
            ),
            "voltage": sum(cells) // 10,
            "current": self._current_raw(current),
            "charge_level": 0 if booting else level,
            "temperature_count": 2,
            "cycles": 0 if booting else self._cycles,
            "cycled_capacity": self._cycles * CAPACITY_AH,
            "cell_count": self._cells,
            "warnings": low | warm << 4 | (apart > self._setting("cell_difference_protection")) << 7,
            "status": switches | balancing << 2,
        }

    def _current_raw(self, current: int) -> int:
        if not self._modern:
            return 10000 - current
        return current | 0x8000 if current > 0 else -current


def _sign_magnitude(degrees: int) -> int:
    return degrees if degrees >= 0 else 100 - degrees


def _bytes_of(row: Row, value: int | str) -> bytes:
    if isinstance(value, str):
        return value.encode("ascii").ljust(row.size, b"\0")
    return value.to_bytes(row.size, signed=value < 0)
