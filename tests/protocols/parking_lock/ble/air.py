"""What the document prints of BLE, and frames made by its words alone: none of it by our encoder."""

from __future__ import annotations

from typing import Final

# Appendix I: 0x01 with the key OmniW4GX under rand 1E, and an answer that gives the key 59.
VERIFY: Final = bytes.fromhex("a3a408501e1f51737077492a594601")
VERIFIED: Final = bytes.fromhex("a3a402b0277f7f271a")

# Section 1.8.4, with the line breaks of its print taken out.
INFORMATION: Final = (
    "APN:CMNET,APNMODE:0.USER:,PW:,IP:iot.omnibike.net,PORT:9682,IMEI:862205059210080,"
    "ICCID:898604D5192291292808,Link:1,CSQ:21,VERSION:80_V6.1.9,VDATA:Jan 27 2024,POWER:6018,"
    "Calibrate:1,CalAngle:316,CurAngle:317,AngleSensor:1,LOCKSta:0,CoverSta:1,Cur_Position:1,"
    "BeepMODE:1,AlarmSta:0,AUTOLOCK:1,PairMac:00_00_00_00_00_00,Revision:A011B14A7670M7 ,"
)


def crc8(data: bytes) -> int:
    """Appendix II as arithmetic: reflected 8C, from 0."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x8C if crc & 1 else 0)
    return crc


def crc16(data: bytes) -> int:
    """CRC-16/MODBUS as arithmetic."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc


def on_air(command: int, data: str, *, key: int = 0x59, rand: int = 0x7E, length: int | None = None) -> bytes:
    """Sections 1.2 and 1.3; ``length`` is what LEN claims, if not the truth."""
    content = bytes.fromhex(data)
    head = bytes((0xA3, 0xA4, len(content) if length is None else length, (rand + 0x32) % 256))
    body = head + bytes(byte ^ rand for byte in (key, command, *content))
    return body + bytes((crc8(body),))


def packet(index: int, data: bytes) -> bytes:
    """A raw packet of 20 bytes."""
    content = index.to_bytes(2) + data.ljust(16, b"\0")
    return crc16(content).to_bytes(2) + content
