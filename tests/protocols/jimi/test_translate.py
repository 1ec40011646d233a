"""What each packet means, worked out by hand from the document."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from tests.protocols.jimi import printed as p
from wayside.model.events import Event, Kind, Values
from wayside.model.vocabulary import complaints
from wayside.protocol.base import Side
from wayside.protocols.jimi import codes
from wayside.protocols.jimi.frames import Frame, JimiFramer, seal
from wayside.protocols.jimi.messages import location, parse
from wayside.protocols.jimi.messages.basic import Login
from wayside.protocols.jimi.translate import events
from wayside.protocols.jimi.translate.common import split_tracks
from wayside.protocols.jimi.translate.position import announced
from wayside.protocols.jimi.translate.state import zone_minutes
from wayside.protocols.jimi.translate.tables import ALARMS, REPORT_REASONS


def instant(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000


def said(code: int, body: str | bytes) -> list[Event]:
    content = bytes.fromhex(body) if isinstance(body, str) else body
    (found,) = JimiFramer(Side.DEVICE).feed(seal(code, content, 1))
    assert isinstance(found, Frame)
    told = list(events(parse(found, Side.DEVICE)))
    assert [complaint for event in told for complaint in complaints(event.values)] == []
    return told


def values(code: int, body: str | bytes) -> Values:
    (event,) = said(code, body)
    return event.values


def body(printed: p.Printed, **changes: object) -> bytes:
    """The content of a printed location, with some fields changed."""
    assert isinstance(printed.message, location.Location)
    return location.LOCATION.encode(
        msgspec.structs.replace(location.Location(*msgspec.structs.astuple(printed.message)), **changes)
    )


def test_the_printed_login() -> None:
    (event,) = events(p.LOGIN.message)
    assert event.kind is Kind.REPORT
    assert event.at is None
    assert event.values == {
        "device.imei": "752533678900242",
        "device.imei.valid": True,
        "device.model.code": "7000",
        "device.timezone": 480,
        "device.language.raw": 1,
    }


@pytest.mark.parametrize(("word", "minutes"), [("3200", 480), ("4dd8", -765), ("0000", 0), ("2120", 330)])
def test_time_zones(word: str, minutes: int) -> None:
    assert values(codes.LOGIN, "0752533678900242 7000" + word)["device.timezone"] == minutes


@pytest.mark.parametrize("hundredths", [860, 1401, 4095])
def test_what_is_no_time_zone_is_left_out(hundredths: int) -> None:
    assert zone_minutes(hundredths, west=False) is None
    login = Login("0752533678900242", 0, hundredths, zone_west=False, zone_undefined=0, language=0)
    assert "device.timezone" not in events(login)[0].values


def test_the_printed_heartbeat() -> None:
    (event,) = events(p.HEARTBEAT.message)
    assert event.values == {
        "position.valid": True,
        "battery.charging.status": False,
        "engine.ignition.status": False,
        "battery.level.step": 4,
        "gsm.signal.raw": 4,
        "gsm.signal.level": 100,
        "device.language.raw": 1,
    }


def test_a_heartbeat_with_every_bit() -> None:
    found = values(codes.HEARTBEAT, "46 06 00 00 02")
    assert (found["battery.charging.status"], found["engine.ignition.status"]) == (True, True)
    assert (found["battery.level.step"], found["gsm.signal.level"]) == (6, 0)


def test_a_heartbeat_off_its_scales_and_longer_than_documented() -> None:
    found = values(codes.HEARTBEAT, "40 07 05 00 02 ff ff")
    assert "battery.level.step" not in found
    assert "gsm.signal.level" not in found
    assert found["gsm.signal.raw"] == 5


def test_the_printed_location() -> None:
    (event,) = events(p.LOCATION.message)
    assert (event.kind, event.message) == (Kind.REPORT, "location")
    assert event.at == instant("2022-02-08T09:43:30")
    assert event.values == {
        "position.satellites": 15,
        "position.valid": True,
        "position.differential": False,
        "position.latitude": pytest.approx(22.57657944),
        "position.longitude": pytest.approx(113.94304889),
        "position.speed": 0,
        "position.direction": 0,
        "gsm.mcc": 460,
        "gsm.mnc": 11,
        "gsm.lac": 30470,
        "gsm.cellid": 489124,
        "engine.ignition.status": True,
        "report.reason": "fixed_time",
        "position.buffered": False,
        "vehicle.mileage.raw": 0,
    }


def test_the_document_s_course_word_and_latitude() -> None:
    # 15 4C: real-time, located, east, north, 332 degrees; 02 6B 3F 3E: 22 degrees 32.7658 minutes (5.3.1).
    found = values(codes.LOCATION, body(p.LOCATION, latitude=0x026B3F3E, course_deg=0x14C))
    assert found["position.direction"] == 332
    assert found["position.latitude"] == pytest.approx(22 + 32.7658 / 60)


def test_south_and_west_are_negative() -> None:
    found = values(codes.LOCATION, body(p.LOCATION, north=False, west=True, differential=True))
    assert found["position.latitude"] == pytest.approx(-22.57657944)
    assert found["position.longitude"] == pytest.approx(-113.94304889)
    assert found["position.differential"] is True


def test_without_a_fix_the_last_place_is_marked_and_motion_left_out() -> None:
    found = values(codes.LOCATION, body(p.LOCATION, fixed=False))
    assert found["position.valid"] is False
    assert "position.latitude" in found
    assert "position.speed" not in found
    assert "position.direction" not in found


def test_a_terminal_that_never_had_a_fix_says_no_place() -> None:
    found = values(codes.LOCATION, body(p.LOCATION, fixed=False, latitude=0, longitude=0))
    assert "position.latitude" not in found


def test_what_the_device_cannot_know_is_left_out() -> None:
    found = values(
        codes.LOCATION,
        body(
            p.LOCATION,
            latitude=162_000_001,
            course_deg=361,
            mcc=0,
            lac=0xFFFF,
            ignition=2,
            reuploaded=7,
            tail=b"",
        ),
    )
    assert set(found) == {
        "position.satellites",
        "position.valid",
        "position.differential",
        "position.speed",
        "report.reason",
    }


def test_an_impossible_date_gives_no_time() -> None:
    (event,) = said(codes.LOCATION, body(p.LOCATION, month=13))
    assert event.at is None
    (event,) = said(codes.LOCATION, body(p.LOCATION, year=23, month=2, day=29))
    assert event.at is None
    (event,) = said(codes.LOCATION, body(p.LOCATION, year=24, month=2, day=29))
    assert event.at == instant("2024-02-29T09:43:30")


def test_upload_modes() -> None:
    assert len(REPORT_REASONS) == 0x1C
    for mode, name in ((0, "interval"), (3, "ignition"), (0x0E, "fixed_time"), (0x1A, "battery_low")):
        assert values(codes.LOCATION, body(p.LOCATION, upload_mode=mode))["report.reason"] == name
    found = values(codes.LOCATION, body(p.LOCATION, upload_mode=0x77))
    assert found["report.reason.raw"] == 0x77
    assert "report.reason" not in found


def test_a_position_that_is_sent_again() -> None:
    assert values(codes.LOCATION, body(p.LOCATION, reuploaded=1))["position.buffered"] is True


def test_the_printed_additional_location() -> None:
    (event,) = events(p.ADDITIONAL_LOCATION.message)
    assert event.message == "additional_location"
    assert event.at == instant("2021-06-07T00:09:06")
    assert event.values["position.speed"] == 35
    assert event.values["position.direction"] == 137
    assert event.values["gsm.mnc"] == 1
    assert event.values["report.reason"] == "event"
    assert event.values["vehicle.mileage.raw"] == 0xEA95


def test_an_extension_module_is_no_mileage() -> None:
    found = values(codes.ADDITIONAL_LOCATION, body(p.ADDITIONAL_LOCATION, tail=b"\x01\x02\x03\x04\x05"))
    assert found["module.data.raw"] == "0102030405"
    assert "vehicle.mileage.raw" not in found


def test_the_printed_alarm() -> None:
    alarm, media = events(p.ALARM.message)
    assert (alarm.kind, media.kind) == (Kind.ALARM, Kind.MEDIA)
    assert alarm.at == media.at == instant("2020-08-11T06:17:36")
    assert alarm.values == {
        "alarm.kind": "sos",
        "alarm.code": 1,
        "alarm.value": 0,
        "position.satellites": 15,
        "position.valid": True,
        "position.differential": False,
        "position.latitude": pytest.approx(22.57711556),
        "position.longitude": pytest.approx(113.91685056),
        "position.speed": 0,
        "position.direction": 243,
        "external.powersource.voltage": 14.2,
        "media.files": list(p.ALARM_FILES),
    }
    assert media.values == {"media.files": list(p.ALARM_FILES)}


ALARM_HEX = "ffff01 14080b061124 df 026c1958 0c38d1db 14f3 0000 008e"


def test_an_alarm_with_a_value_and_without_files() -> None:
    (event,) = said(codes.ALARM, ALARM_HEX + "87 0078")
    assert event.kind is Kind.ALARM
    assert event.values["alarm.kind"] == "overspeed"
    assert event.values["alarm.value"] == 120
    assert "media.files" not in event.values


def test_an_alarm_without_a_name_keeps_its_code() -> None:
    found = values(codes.ALARM, ALARM_HEX + "fe 0000")
    assert found["alarm.code"] == 0xFE
    assert "alarm.kind" not in found


def test_a_file_under_way_is_no_alarm() -> None:
    (event,) = said(codes.ALARM, bytes.fromhex(ALARM_HEX + "69 0000") + b"EVENT_1.mp4")
    assert event.kind is Kind.MEDIA
    assert event.values["media.files"] == ["EVENT_1.mp4"]
    assert event.values["alarm.code"] == 0x69


def test_every_alarm_of_the_table_has_a_name_of_its_own() -> None:
    assert len(ALARMS) == len(set(ALARMS.values())) == 46
    assert ALARMS[0x8C] == "dms_eyes_closed"


def test_an_alarm_of_another_layout_is_kept_raw() -> None:
    (event,) = said(codes.ALARM, "1408 0b061124")
    assert event.kind is Kind.ALARM
    assert event.values == {"module.data.raw": "14080b061124"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", {}),
        ("a.mp4", {"media.files": ["a.mp4"]}),
        ("a.mp4,b.mp4,", {"media.files": ["a.mp4", "b.mp4"]}),
        (
            "FILENAME:E_07.mp4;DRIVERID:869268BC67-abcd",
            {"media.files": ["E_07.mp4"], "driver.id": "869268BC67", "driver.name": "abcd"},
        ),
        (
            "FILENAME:a.mp4,b.mp4;DRIVERID:1-Anne-Marie",
            {"media.files": ["a.mp4", "b.mp4"], "driver.id": "1", "driver.name": "Anne-Marie"},
        ),
        ("FILENAME:;DRIVERID:77", {"driver.id": "77"}),
    ],
)
def test_the_file_field(text: str, found: Values) -> None:
    assert announced(text) == found


def test_replies() -> None:
    (event,) = events(p.REPLY.message)
    assert event.kind is Kind.REPLY
    assert event.values == {"reply.text": "[TIMER] OFF,10"}
    assert values(codes.REPLY, "00000007 02 6210529f 0001") == {"reply.text": "成功"}
    assert values(codes.REPLY, "00000007 01 4fe94b") == {"reply.text": r"O\xe9K"}


def test_transfers() -> None:
    assert events(p.FUEL.message)[0].values == {
        "fuel.level.1": 0.01,
        "fuel.unit.1": "%",
        "fuel.sensor.1.type.raw": 0,
    }
    assert values(codes.TRANSFER, b"\x07abc-1\0") == {"device.uuid": "abc-1"}
    assert values(codes.TRANSFER, b"\x08V1.2") == {"device.firmware.version": "V1.2"}
    assert values(codes.TRANSFER, "0a 0123456789123456 0123456789123456 12345123456789123456") == {
        "device.imei": "123456789123456",
        "device.imei.valid": False,
        "sim.imsi": "123456789123456",
        "sim.iccid": "12345123456789123456",
    }
    assert values(codes.TRANSFER, "0a 0353376110008882 ffffffffffffffff 00000000000000000000") == {
        "device.imei": "353376110008882",
        "device.imei.valid": True,
    }
    assert values(codes.TRANSFER, "05 0102") == {"module.type.raw": 5, "module.data.raw": "0102"}


def test_temperatures_of_0x9b() -> None:
    assert events(p.TEMPERATURE.message)[0].values == {"sensor.status.raw": 1, "sensor.temperature.1": 25.0}
    assert values(codes.MODULE, "03 32382e33 0000") == {"sensor.temperature.1": 28.3}
    assert values(codes.MODULE, "03 2d31302e35 0000") == {"sensor.temperature.1": -10.5}
    assert values(codes.MODULE, "03 6e616e 0000") == {"module.text": "nan"}
    assert values(codes.MODULE, "07 0102") == {"module.type.raw": 7, "module.data.raw": "0102"}


TRACKS = (
    "2520205e53554b534157414444454524534149544841524e244d4953535e5e3f"
    "3b363030373634333130303530303135373839313d3135303631393830303930393d3f"
    "2b2020202020202020202020202032342020202020202020202020203220202020202020202020202030303034353532202030303130"
    "3020203f0d0a"
)


def test_the_card_of_0x9b() -> None:
    (event,) = said(codes.MODULE, "05 17080f091508 01" + TRACKS)
    assert event.at == instant("2023-08-15T09:21:08")
    assert event.values["card.status"] == "login"
    tracks = event.values["card.tracks"]
    assert isinstance(tracks, list)
    first, second, third = tracks
    assert first == "  ^SUKSAWADDEE$SAITHARN$MISS^^"
    assert second == "6007643100500157891=150619800909="
    assert third.split() == ["24", "2", "0004552", "00100"]


@pytest.mark.parametrize(
    ("text", "tracks"),
    [
        ("%a?;b?+c?", ["a", "b", "c"]),
        (";b?", ["", "b", ""]),
        ("%a;b?+c", ["a;b", "", "c"]),
        ("+c?", ["", "", "c"]),
        ("%a", ["a", "", ""]),
    ],
)
def test_tracks(text: str, tracks: list[str]) -> None:
    assert split_tracks(text) == tracks


def test_cards_that_say_less() -> None:
    assert values(codes.MODULE, "05 17080f091508 02") == {"card.status": "illegal"}
    assert values(codes.MODULE, "05 17080f091508 07 4142") == {"card.status.raw": 7, "card.tracks": ["AB"]}


def test_the_recorder_s_lines() -> None:
    line = "$GSHT,3,30,<10:02:58,113,94315,22,57651,21>,4#"
    assert events(p.RECORDER.message)[0].values == {
        "module.text": line,
        "module.type.raw": 0x32,
        "position.buffered": False,
    }
    assert values(codes.RECORDER, b"\x33$G#")["position.buffered"] is True


def test_the_cameras() -> None:
    assert events(p.CAMERAS.message)[0].values == {
        "camera.builtin.1.status": True,
        "camera.peripheral.2.status": True,
    }
    assert values(codes.CAMERAS, "02 0101 0200 00") == {
        "camera.builtin.1.status": True,
        "camera.builtin.2.status": False,
    }
    assert values(codes.CAMERAS, "00 00") == {}


@pytest.mark.parametrize(
    ("item", "found"),
    [
        ("0001 02 0006", {"fuel.level.1": 0.06, "fuel.unit.1": "V"}),
        (
            "0002 05 00 00 0006 01",
            {"fuel.level.1": 0.6, "fuel.unit.1": "cm", "fuel.sensor.1.type.raw": 0},
        ),
        (
            "0002 05 01 01 0006 04",
            {"fuel.level.2": 0.06, "fuel.unit.2": "L", "fuel.sensor.2.type.raw": 1},
        ),
        ("0002 05 09 00 0006 09", {"fuel.unit.1.raw": 9, "fuel.sensor.1.type.raw": 9}),
        ("0003 03 01 000b", {"adc.voltage.1": 0.11}),
        ("0004 02 011f", {"sensor.temperature.1": 28.7}),
        ("0004 02 ff97", {"sensor.temperature.1": -10.5}),
        ("0005 03 414243", {"rfid.code": "ABC"}),
        ("0006 02 0006", {"fuel.level.1": 0.06, "fuel.unit.1": "V"}),
        ("0009 0003 07 0102", {"module.type.raw": 7, "module.data.raw": "0102"}),
        (
            "000b 0a 1c8a 026c1593 0c398a10",
            {
                "position.valid": True,
                "position.differential": False,
                "position.latitude": pytest.approx(22.57657944),
                "position.longitude": pytest.approx(-113.94304889),
                "position.direction": 138,
            },
        ),
        ("00aa 01 02", {"module.type.raw": 0xAA, "module.data.raw": "0102"}),
    ],
)
def test_peripherals(item: str, found: Values) -> None:
    (event,) = said(codes.PERIPHERALS, "651167a3" + item)
    assert event.at == 0x651167A3 * 1_000_000
    assert event.values == found


def test_readings_that_were_gathered_have_their_own_times() -> None:
    first, second = said(codes.PERIPHERALS, "651167a3 0007 0012 002a 651167a0 011f 035b 651167a1 ff97 0000")
    assert first.at == 0x651167A0 * 1_000_000
    assert first.values == {"sensor.batch": 42, "sensor.temperature.1": 28.7, "sensor.humidity.1": 85.9}
    assert second.at == 0x651167A1 * 1_000_000
    assert second.values["sensor.temperature.1"] == -10.5


def test_the_card_of_0xf2_has_a_time_of_its_own() -> None:
    size = 7 + len(TRACKS) // 2
    (event,) = said(codes.PERIPHERALS, f"651167a3 0008 {size:02x} 17080f091508 02 {TRACKS}")
    assert event.at == instant("2023-08-15T09:21:08")
    assert event.values["card.status"] == "illegal"
    tracks = event.values["card.tracks"]
    assert isinstance(tracks, list)
    assert len(tracks) == 3


def test_two_items_of_a_kind_do_not_hide_each_other() -> None:
    found = said(codes.PERIPHERALS, "651167a3 0001 02 0006 0006 02 0007")
    assert [event.values["fuel.level.1"] for event in found] == [0.06, 0.07]


def test_an_answered_packet_always_gives_something_to_store() -> None:
    assert len(said(codes.PERIPHERALS, "651167a3")) == 1
    assert len(said(codes.EXTENSION, "")) == 1


def test_the_printed_extension() -> None:
    (event,) = events(p.EXTENSION.message)
    assert event.at == instant("2025-11-26T16:01:00")
    assert event.values == {
        "position.satellites": 15,
        "position.valid": True,
        "position.differential": False,
        "position.altitude": 69,
        "position.latitude": pytest.approx(22.57662722),
        "position.longitude": pytest.approx(113.94306389),
        "position.speed": 0,
        "position.direction": 160,
        "external.powersource.voltage": 12.48,
        "position.buffered": False,
    }


def test_an_extension_below_the_sea_with_ignition_and_an_unknown_module() -> None:
    known, other = said(
        codes.EXTENSION, "0033 0012 6927243c 0f 8045 026c15e9 0c398a2b 20 d4a0 0035 0001 04 0099 0002 aabb"
    )
    assert known.values["position.altitude"] == -69
    assert known.values["engine.ignition.status"] is True
    assert known.values["position.speed"] == 32
    assert known.values["position.buffered"] is True
    assert other.values == {"module.type.raw": 0x99, "module.data.raw": "aabb"}


def test_an_unknown_packet_means_nothing() -> None:
    assert said(0xA5, "0102") == []
