"""How links are named one by one."""

import pytest

from wayside.app.config import load
from wayside.app.wires import ble_devices, check_serials, gatts, own_ports, parse_serial
from wayside.gateway.serial import Serial
from wayside.gateway.tcp import Listen
from wayside.model.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "serial"),
    [
        ("jk-bms:pack-1=/dev/ttyUSB0@9600", Serial("jk-bms", "pack-1", "/dev/ttyUSB0", 9600)),
        ("jk-bms:pack-1=/dev/ttyUSB0", Serial("jk-bms", "pack-1", "/dev/ttyUSB0", 115_200)),
        ("jk-bms=/dev/ttyUSB0", Serial("jk-bms", "ttyUSB0", "/dev/ttyUSB0", 115_200)),
        ("jk-bms=/dev/by-id/usb.A@B", Serial("jk-bms", "usb-A-B", "/dev/by-id/usb.A@B", 115_200)),
    ],
)
def test_a_serial_port(text: str, serial: Serial) -> None:
    assert parse_serial(text) == serial


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("jk-bms", "is not PROTOCOL:NAME="),
        ("jk-bms:a b=/dev/x", "is not PROTOCOL:NAME="),
        ("jk-bms:a=ttyUSB0", "is not PROTOCOL:NAME="),
        ("jk-bms:a=/dev/x@0", "a speed of 0"),
        ("jk-bms:a=/dev/x@9999999", "a speed of 9999999"),
        ("jk-bmz:a=/dev/x", "did you mean jk-bms"),
        ("jimi:353376110008882=/dev/x", "jimi has no serial link"),
        ("jk-bms:a/b=/dev/x", "'a/b' cannot be"),
        ("jk-bms=/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A10K12B3-if00-port0", "cannot be"),
    ],
)
def test_what_is_no_serial_port(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        parse_serial(text)


@pytest.mark.parametrize(
    ("texts", "complaint"),
    [
        (("jk-bms:a=/dev/x", "jk-bms:b=/dev/x@9600"), "port /dev/x is there twice"),
        (("jk-bms:a=/dev/x", "jk-bms:a=/dev/y"), "device jk-bms:a is there twice"),
    ],
)
def test_what_is_there_twice(texts: tuple[str, ...], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        check_serials(texts)


def test_serial_ports_from_every_source() -> None:
    found = load({}, {"WAYSIDE_SERIAL": "jk-bms:a=/dev/x, jk-bms:b=/dev/y"})
    assert found.settings.serial == ("jk-bms:a=/dev/x", "jk-bms:b=/dev/y")
    assert load({"serial": ["jk-bms:c=/dev/z"]}, {"WAYSIDE_SERIAL": "jk-bms=/dev/x"}).settings.serial == (
        "jk-bms:c=/dev/z",
    )
    with pytest.raises(ConfigError, match=r"serial \(environment WAYSIDE_SERIAL\).*is not PROTOCOL"):
        load({}, {"WAYSIDE_SERIAL": "ttyUSB0"})


def test_bluetooth_addresses_and_uuids() -> None:
    addresses = ble_devices(("parking-lock:866266060000015=c0:00:00:00:00:01",))
    assert addresses == {"parking-lock:866266060000015": "C0:00:00:00:00:01"}
    (gatt,) = gatts(("parking-lock=FFF0/fff1/6E400003-b5a3-f393-e0a9-e50e24dcca9e",)).values()
    assert gatt.service == "0000fff0-0000-1000-8000-00805f9b34fb"
    assert gatt.notify == "6e400003-b5a3-f393-e0a9-e50e24dcca9e"


@pytest.mark.parametrize(
    ("texts", "complaint"),
    [
        (("parking-lock=C0:00:00:00:00:01",), "is not PROTOCOL:NAME=AA:BB"),
        (("parking-lock:866266060000015=C0:00:00:00:00",), "is not PROTOCOL:NAME=AA:BB"),
        (("parking-lock:1=C0:00:00:00:00:01",), "'1' cannot be"),
        (("jimi:353376110008882=C0:00:00:00:00:01",), "jimi has no ble link"),
        (("parking-lock:866266060000015=C0:00:00:00:00:01",) * 2, "866266060000015 is there twice"),
        (
            (
                "parking-lock:866266060000015=C0:00:00:00:00:01",
                "parking-lock:866266060000023=c0:00:00:00:00:01",
            ),
            "address C0:00:00:00:00:01 is there twice",
        ),
    ],
)
def test_what_is_no_bluetooth_address(texts: tuple[str, ...], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        ble_devices(texts)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("parking-lock", "is not PROTOCOL=SERVICE/WRITE/NOTIFY"),
        ("parking-lock=fff0/fff1", "is not PROTOCOL=SERVICE/WRITE/NOTIFY"),
        ("parking-lock=fff0/fff1/fff", "is not PROTOCOL=SERVICE/WRITE/NOTIFY"),
        ("jimi=fff0/fff1/fff2", "jimi has no ble link"),
        ("nonsense=fff0/fff1/fff2", "there is no 'nonsense'"),
    ],
)
def test_what_are_no_uuids(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        gatts((text,))


def test_a_tcp_port_of_ones_own() -> None:
    assert own_ports(("jk-bms:pack-1=0.0.0.0:9701", "jk-bms:pack-2=[::1]:9702")) == [
        Listen("jk-bms", "0.0.0.0", 9701, "pack-1"),  # noqa: S104 - as somebody writes it
        Listen("jk-bms", "::1", 9702, "pack-2"),
    ]


@pytest.mark.parametrize(
    ("texts", "complaint"),
    [
        (("jk-bms",), "is not PROTOCOL:NAME=HOST:PORT"),
        (("jk-bms:pack-1=9701",), "is not PROTOCOL:NAME=HOST:PORT"),
        (("jk-bms=0.0.0.0:9701",), "'' cannot be"),
        (("jk-bmz:a=0.0.0.0:9701",), "did you mean jk-bms"),
        (("door-lock:BBA050D99990=0.0.0.0:9701",), "door-lock has no tcp link"),
        (("jk-bms:a=0.0.0.0:1", "jk-bms:a=0.0.0.0:2"), "device jk-bms:a is there twice"),
        (("jk-bms:a=0.0.0.0:1", "jk-bms:b=0.0.0.0:1"), "address 0.0.0.0:1 is there twice"),
    ],
)
def test_what_is_no_tcp_port_of_ones_own(texts: tuple[str, ...], complaint: str) -> None:
    with pytest.raises(ConfigError, match=f"ports.*{complaint}"):
        load({"ports": list(texts)}, {})
