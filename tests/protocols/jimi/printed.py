"""The frames that the document prints, the two that could be repaired, and what a reader finds in them.

None was made by our encoder.  Section numbers are the document's.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from wayside.protocol.base import Side
from wayside.protocols.jimi.messages import basic, location, modules, peripherals, transfer
from wayside.protocols.jimi.messages.moments import Course, Moment


class Printed(NamedTuple):
    section: str
    side: Side
    hex: str
    name: str
    serial: int
    message: msgspec.Struct

    @property
    def raw(self) -> bytes:
        return bytes.fromhex(self.hex)


LOGIN: Final = Printed(
    "5.1.1",
    Side.DEVICE,
    "78781101075253367890024270003201000512790d0a",
    "login",
    5,
    basic.Login("0752533678900242", 0x7000, 800, zone_west=False, zone_undefined=0, language=1),
)
HEARTBEAT: Final = Printed(
    "5.2.1",
    Side.DEVICE,
    "78780a134004040001000fdcee0d0a",
    "heartbeat",
    15,
    basic.Heartbeat(
        extension_7=0,
        positioning=True,
        extension_3_5=0,
        charging=False,
        ignition=False,
        extension_0=0,
        voltage_level=4,
        signal=4,
        port=0,
        language=1,
        further=b"",
    ),
)
LOCATION: Final = Printed(
    "5.3.1, repaired: one 00 before the serial number",
    Side.DEVICE,
    "78782622160208092b1ecf026c15930c398a1000140001cc0b77060776a4010e0000000000008c6d400d0a",
    "location",
    0x8C,
    location.Location(
        year=22,
        month=2,
        day=8,
        hour=9,
        minute=43,
        second=30,
        gps_length=12,
        satellites=15,
        latitude=0x026C1593,
        longitude=0x0C398A10,
        speed_kmh=0,
        reserved=0,
        differential=False,
        fixed=True,
        west=False,
        north=True,
        course_deg=0,
        mnc_is_wide=False,
        mcc=460,
        mnc=11,
        lac=0x7706,
        cell_id=0x0776A4,
        ignition=1,
        upload_mode=0x0E,
        reuploaded=0,
        tail=bytes(4),
    ),
)
ADDITIONAL_LOCATION: Final = Printed(
    "5.9",
    Side.DEVICE,
    "78782637150607000906cf026c28b50c38b9bb23148901cc01254e0615f8011b000000ea95223f73c50d0a",
    "additional_location",
    0x223F,
    location.AdditionalLocation(
        year=21,
        month=6,
        day=7,
        hour=0,
        minute=9,
        second=6,
        gps_length=12,
        satellites=15,
        latitude=0x026C28B5,
        longitude=0x0C38B9BB,
        speed_kmh=35,
        reserved=0,
        differential=False,
        fixed=True,
        west=False,
        north=True,
        course_deg=137,
        mnc_is_wide=False,
        mcc=460,
        mnc=1,
        lac=0x254E,
        cell_id=0x0615F8,
        ignition=1,
        upload_mode=0x1B,
        reuploaded=0,
        tail=bytes.fromhex("0000ea95"),
    ),
)
ALARM_FILES: Final = (
    "EVENT_353376110008882_00000000_2020_08_11_14_17_36_24.mp4",
    "EVENT_353376110008882_00000000_2020_08_11_14_17_36_23.mp4",
)
ALARM: Final = Printed(
    "5.4.1, repaired: both _000000_ are _00000000_",
    Side.DEVICE,
    "78789395ffff0114080b061124df026c19580c38d1db14f30000008e010000"
    "4556454e545f3335333337363131303030383838325f30303030303030305f323032305f30385f31315f31345f31375f33365f"
    "32342e6d70342c"
    "4556454e545f3335333337363131303030383838325f30303030303030305f323032305f30385f31315f31345f31375f33365f"
    "32332e6d7034000adbdc0d0a",
    "alarm",
    10,
    location.Alarm(
        mark=0xFFFF,
        version=1,
        moment=Moment(20, 8, 11, 6, 17, 36),
        gps_length=13,
        satellites=15,
        latitude=0x026C1958,
        longitude=0x0C38D1DB,
        course=Course(0, differential=False, fixed=True, west=False, north=True, course_deg=243),
        speed_kmh=0,
        supply_dv=142,
        kind=1,
        value=0,
        files=",".join(ALARM_FILES).encode(),
    ),
)
COMMAND: Final = Printed(
    "5.5.1",
    Side.SERVER,
    "787813800b0000000056455253494f4e000259d4daa70d0a",
    "command",
    0x59D4,
    basic.Command(b"\0\0\0\0VERSION", 2),
)
REPLY: Final = Printed(
    "5.5.2",
    Side.DEVICE,
    "797900182100000000015b54494d45525d204f46462c3130002e5dd70d0a",
    "reply",
    0x2E,
    basic.Reply(0, 1, b"[TIMER] OFF,10"),
)
FUEL: Final = Printed(
    "5.6",
    Side.DEVICE,
    "7979000b940e0001000102000a244d0d0a",
    "transfer",
    10,
    transfer.FuelSensor(0x0E, 0, 1, 1, 2),
)
TEMPERATURE: Final = Printed(
    "5.7",
    Side.DEVICE,
    "7979000d9b033c030100fac40d000824810d0a",
    "module",
    8,
    modules.TemperatureFrame(3, 0x3C, 3, 1, b"\x00\xfa", 0xC4, 0x0D),
)
RECORDER: Final = Printed(
    "5.10",
    Side.DEVICE,
    "797900349c3224475348542c332c33302c3c31303a30323a35382c3131332c39343331352c32322c35373635312c32313e2c34"
    "230080d73e0d0a",
    "recorder",
    0x80,
    modules.RecorderLine(0x32, b"$GSHT,3,30,<10:02:58,113,94315,22,57651,21>,4#"),
)
CAMERAS: Final = Printed(
    "5.11.1",
    Side.DEVICE,
    "78780be0010101010201010c0aae0d0a",
    "cameras",
    0x10C,
    modules.Cameras((modules.Camera(1, 1),), (modules.Camera(2, 1),)),
)
EXTENSION: Final = Printed(
    "5.13.1",
    Side.DEVICE,
    "7979002670003300126927243c0f0045026c15e90c398a2b0014a00027000204e000350001000ad337520d0a",
    "extension",
    0x0AD3,
    peripherals.Extension(
        bytes.fromhex("003300126927243c0f0045026c15e90c398a2b0014a00027000204e00035000100")
    ),
)


def _answer(section: str, hexadecimal: str, name: str, serial: int) -> Printed:
    return Printed(section, Side.SERVER, hexadecimal, name, serial, basic.Answer(b""))


LOGIN_ANSWER: Final = _answer("5.1.2", "7878050100059ff80d0a", "login_answer", 5)
HEARTBEAT_ANSWER: Final = _answer("5.2.2", "78780513000f008f0d0a", "heartbeat_answer", 15)
LOCATION_ANSWER: Final = _answer("5.3.2", "7878052201232e4b0d0a", "location_answer", 0x123)
PERIPHERALS_ANSWER: Final = _answer("5.12.2", "787805f21122255c0d0a", "peripherals_answer", 0x1122)

SOUND: Final = (
    LOGIN,
    HEARTBEAT,
    LOCATION,
    ADDITIONAL_LOCATION,
    ALARM,
    COMMAND,
    REPLY,
    FUEL,
    TEMPERATURE,
    RECORDER,
    CAMERAS,
    EXTENSION,
    LOGIN_ANSWER,
    HEARTBEAT_ANSWER,
    LOCATION_ANSWER,
    PERIPHERALS_ANSWER,
)
FROM_DEVICE: Final = tuple(printed for printed in SOUND if printed.side is Side.DEVICE)

# As printed, these lack bytes: 0x22 one, 0x95 four, 0xF2 two.
DAMAGED: Final = (
    "78782622160208092b1ecf026c15930c398a1000140001cc0b77060776a4010e00000000008c6d400d0a",
    (
        "78789395ffff0114080b061124df026c19580c38d1db14f30000008e010000"
        "4556454e545f3335333337363131303030383838325f3030303030305f323032305f30385f31315f31345f31375f33365f32342e"
        "6d70342c"
        "4556454e545f3335333337363131303030383838325f3030303030305f323032305f30385f31315f31345f31375f33365f32332e"
        "6d7034000adbdc0d0a"
    ),
    (
        "7979009ff2651167a300089317080f091508022520205e48414d554e24414e55434841244d522e5e3f3b363030373634313132"
        "303630303131323032383d3139313031393838313031333d3f2b20202020202020202020202032363030202020202020202020"
        "202020202020202020202020202020203531303031363238202031303730302020202020202020202020202020202020202020"
        "203f0d0a112200210d0a"
    ),
)
