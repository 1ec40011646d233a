"""Frames that our own encoder did not make, and what they say, worked out by hand from the table of identifiers."""

from __future__ import annotations

from typing import Any, Final

from wayside.protocol.framing import BadFrame
from wayside.protocols.jk_bms.frames import BatteryFramer, Frame

# The first two are the bytes that public tools use on real units; the others were computed by the same rule.
CHARGE_ON: Final = bytes.fromhex("4E57001400000000020300AB010000000068000001D2")
ACTIVATE: Final = bytes.fromhex("4E5700130000000001030000000000006800000124")
READ_ALL: Final = bytes.fromhex("4E5700130000000006030000000000006800000129")
READ_VOLTAGE: Final = bytes.fromhex("4E57001300000000030300830000000068000001A9")

# A real pack's answer, as the public tool powermon ships it to test itself: a JK-B1A20S15P with 14 cells, charging.
CAPTURED: Final = bytes.fromhex("""
4e57011b00000000030001792a010f90020f91030f94040f8e050f92060f91070f91080f91090f930a0f8e0b0f910c0f900d
0f900e0f8d80002181001c82001e8315ca8481c58564860287001989000016da8a000e8b00008c00038e16b28f10f4901036
911004920005930c1c940c8095000596012c97006e98012c9900559a001e9b0bb89c00329d019e005a9f0046a00064a10064
a20014a3003ca4003ca50001a60003a7ffeca8fff6a90eaa000000eaab01ac01ad0437ae01af01b0000ab114b23132333435
3600000000b300b4496e707574205573b532333036b6000182e3b731312e58575f5331312e3236315f5fb800b9000000eaba
496e707574205573657264614a4b5f423141323053313550c0010000000068000051d6
""")

# Four cells, discharging 20.0 A, cold outside; three warnings; firmware that says the current with a sign.
FULL_HEX: Final = """
79 0C  01 0D2A  02 0D2C  03 0D20  04 0D2D
80 001D  81 0064  82 006E
83 0546  84 07D0  85 3B  86 02  87 00C9  89 00005A3C  8A 0004
8B 0A01  8C 0006
8E 05B4  8F 0438  90 0E42  91 0DDE  92 0005  93 0A8C  94 0AF0  95 0005  96 012C
97 0096  98 012C  99 003C  9A 001E  9B 0CE4  9C 000A  9D 01
9E 005A  9F 0046  A0 0050  A1 0046  A2 0014  A3 003C  A4 0041  A5 FFFB  A6 0000  A7 FFEC  A8 FFF6
A9 04  AA 00000064  AB 00  AC 01  AD 03CC  AE 01  AF 00  B0 0E10  B1 14
B2 73336372337400000000
B3 00  B4 3630333030303031  B5 32343031  B6 00003039
B7 31312E58575F5331312E32365F5F5F  B8 00  B9 00000062
BA 76616E3700000000000000004A4B5F423241323453313550
C0 01
"""
FULL_DATA: Final = bytes.fromhex(FULL_HEX)

FULL_VALUES: Final[dict[str, Any]] = {
    "battery.cell.1.voltage": 3.37,
    "battery.cell.2.voltage": 3.372,
    "battery.cell.3.voltage": 3.36,
    "battery.cell.4.voltage": 3.373,
    "battery.cell.voltage_delta": 0.013,
    "battery.mosfet.temperature": 29,
    "battery.box.temperature": 0,
    "battery.temperature.2": -10,
    "battery.voltage": 13.5,
    "battery.current": -20.0,
    "battery.level": 59,
    "battery.temperature.count": 2,
    "battery.cycles": 201,
    "battery.capacity.cycled": 23100,
    "battery.cell.count": 4,
    "battery.warning.raw": 0x0A01,
    "battery.warning.low_capacity": True,
    "battery.warning.mosfet_overtemperature": False,
    "battery.warning.charge_overvoltage": False,
    "battery.warning.discharge_undervoltage": False,
    "battery.warning.battery_overtemperature": False,
    "battery.warning.charge_overcurrent": False,
    "battery.warning.discharge_overcurrent": False,
    "battery.warning.cell_difference": False,
    "battery.warning.box_overtemperature": False,
    "battery.warning.battery_low_temperature": True,
    "battery.warning.cell_overvoltage": False,
    "battery.warning.cell_undervoltage": True,
    "battery.warning.protection_309_a": False,
    "battery.warning.protection_309_b": False,
    "battery.status.raw": 6,
    "battery.mosfet.charge.status": False,
    "battery.mosfet.discharge.status": True,
    "battery.balancing.status": True,
    "setting.pack_overvoltage_protection": 14.6,
    "setting.pack_undervoltage_protection": 10.8,
    "setting.cell_overvoltage_protection": 3.65,
    "setting.cell_overvoltage_recovery": 3.55,
    "setting.cell_overvoltage_delay": 5,
    "setting.cell_undervoltage_protection": 2.7,
    "setting.cell_undervoltage_recovery": 2.8,
    "setting.cell_undervoltage_delay": 5,
    "setting.cell_difference_protection": 0.3,
    "setting.discharge_overcurrent_protection": 150,
    "setting.discharge_overcurrent_delay": 300,
    "setting.charge_overcurrent_protection": 60,
    "setting.charge_overcurrent_delay": 30,
    "setting.balance_start_voltage": 3.3,
    "setting.balance_start_difference": 0.01,
    "setting.balancer_switch": True,
    "setting.mosfet_overtemperature_protection": 90,
    "setting.mosfet_overtemperature_recovery": 70,
    "setting.box_overtemperature_protection": 80,
    "setting.box_overtemperature_recovery": 70,
    "setting.temperature_difference_protection": 20,
    "setting.charge_overtemperature_protection": 60,
    "setting.discharge_overtemperature_protection": 65,
    "setting.charge_undertemperature_protection": -5,
    "setting.charge_undertemperature_recovery": 0,
    "setting.discharge_undertemperature_protection": -20,
    "setting.discharge_undertemperature_recovery": -10,
    "setting.cells_in_series": 4,
    "battery.capacity.nominal": 100,
    "setting.charge_switch": False,
    "setting.discharge_switch": True,
    "setting.current_calibration": 0.972,
    "setting.board_address": 1,
    "setting.battery_type": "lithium_iron_phosphate",
    "setting.sleep_delay": 3600,
    "setting.low_capacity_alarm": 20,
    "setting.special_charger_switch": False,
    "setting.device_id": "60300001",
    "device.manufacture.date": "2401",
    "device.uptime": 12345,
    "device.firmware.version": "11.XW_S11.26",
    "setting.current_calibration_switch": False,
    "battery.capacity.actual": 98,
    "device.manufacturer.id": "van7 JK_B2A24S15P",
    "battery.protocol.version": 1,
}

PASSWORD: Final = b"s3cr3t"


def sealed(command: int, data: bytes, *, source: int = 0, transfer: int = 1, terminal: int = 0) -> bytes:
    """A frame, put together without the code under test."""
    body = (len(data) + 18).to_bytes(2, "big") + terminal.to_bytes(4, "big")
    summed = b"NW" + body + bytes((command, source, transfer)) + data + bytes(4) + b"\x68"
    return summed + bytes(2) + (sum(summed) % 65536).to_bytes(2, "big")


def one(raw: bytes) -> Frame:
    """The one frame in these bytes."""
    [frame] = BatteryFramer().feed(raw)
    assert not isinstance(frame, BadFrame), frame
    return frame


FULL: Final = sealed(0x06, FULL_DATA)
