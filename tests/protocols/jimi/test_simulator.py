from __future__ import annotations

import random

import pytest

from tests.harness import Duet, byte_by_byte, drop, duplicate
from tests.protocols.jimi.talk import command, duet
from wayside.model.commands import State
from wayside.model.events import Kind
from wayside.model.vocabulary import complaints
from wayside.protocol.base import Side
from wayside.protocol.framing import Fault
from wayside.protocol.imei import is_valid
from wayside.protocol.session import Setup
from wayside.protocol.simulator import Behaviour
from wayside.protocols.jimi import PROTOCOL
from wayside.protocols.jimi.commands import BY_NAME
from wayside.protocols.jimi.drive import Car
from wayside.protocols.jimi.frames import JimiFramer
from wayside.protocols.jimi.session import JimiSession
from wayside.protocols.jimi.simulator import UNANSWERED_MAX, JimiSimulator


def times(found: Duet) -> list[int]:
    return [event.at for event in found.events if event.message == "location" and event.at is not None]


def again(found: Duet) -> None:
    found.reconnect(JimiSession(Setup()), JimiFramer(Side.DEVICE))


def test_an_hour_on_the_road() -> None:
    found = duet()
    found.connect()
    found.run(3600)
    assert found.identified == [found.simulator.ident]
    assert (found.bad, found.undecodable, found.closed) == ([], [], [])
    names = {event.message for event in found.events}
    assert names == {"login", "cameras", "transfer", "location", "heartbeat", "alarm"}
    assert {event.kind for event in found.events} == {Kind.REPORT, Kind.ALARM, Kind.MEDIA}
    assert [problem for event in found.events for problem in complaints(event.values)] == []
    assert len(times(found)) in range(359, 362)
    assert times(found) == sorted(times(found))


def test_the_line_may_cut_every_write_to_pieces() -> None:
    found = duet()
    found.to_server.tamper = found.to_device.tamper = byte_by_byte
    found.connect()
    found.run(300)
    assert (found.bad, found.undecodable, found.closed) == ([], [], [])
    assert len(times(found)) in range(29, 31)


def test_a_fleet_has_idents_of_its_own_that_the_protocol_accepts() -> None:
    fleet = [JimiSimulator(Behaviour(number), random.Random(0)).ident for number in range(50)]
    assert len(set(fleet)) == 50
    assert all(map(is_valid, fleet))
    assert is_valid(PROTOCOL.example)


def test_a_login_without_an_answer_ends_the_connection_after_five_seconds() -> None:
    found = duet()
    found.to_device.tamper = drop
    found.connect()
    found.run(4.9)
    assert found.closed == []
    found.run(0.1)
    assert found.closed == ["no answer within five seconds"]
    assert times(found) == []


def test_a_heartbeat_without_an_answer_ends_the_connection() -> None:
    found = duet()
    found.connect()
    found.to_device.tamper = drop
    found.run(184.9)
    assert found.closed == []
    found.run(0.2)
    assert found.closed == ["no answer within five seconds"]


def test_the_list_of_cameras_is_sent_once_more_without_an_answer() -> None:
    found = duet()
    found.connect()
    assert [send.message for send in found.sent].count("cameras_answer") == 1
    found.run(10)
    assert [event.message for event in found.events].count("cameras") == 1
    deaf = duet()
    deaf.to_device.tamper = lambda data: [data] if data[3] == 1 else []
    deaf.connect()
    deaf.run(30)
    assert [event.message for event in deaf.events].count("cameras") == 2


def test_what_was_not_acknowledged_comes_again_marked_as_such() -> None:
    found = duet()
    found.connect()
    found.run(60)
    found.to_server.tamper = drop
    found.run(60)
    found.to_server.tamper = lambda data: [data]
    before = len(times(found))
    again(found)
    found.run(0)
    missed = [event for event in found.events if event.values.get("position.buffered")]
    assert len(missed) == 6
    assert len(times(found)) == before + 6 + 1
    assert found.events[-1].values["report.reason"] == "reconnected"
    assert len(set(times(found))) >= 12


def test_what_waits_for_an_acknowledgement_is_bounded() -> None:
    found = duet()
    found.connect()
    found.to_device.tamper = lambda data: [data] if data[3] in {0x01, 0x13} else []
    found.run(3600)
    assert found.closed == []
    before = len(times(found))
    again(found)
    found.run(0)
    assert len(times(found)) == before + UNANSWERED_MAX + 1


@pytest.mark.parametrize(
    ("capability", "parameters", "text"),
    [
        ("version", {}, "[VERSION]JC400P_SIM_V1.3.5_251128.0900"),
        ("relay", {"on": True}, "[RELAY] 1 OK!"),
        ("live_start", {"camera": "out", "minutes": 5}, "[RTMP] ON,OUT,5 OK!"),
        ("timer", {}, "[TIMER] OFF,10"),
        ("timer", {"arguments": "20,60"}, "[TIMER] 20,10"),
        ("set_server", {"host": "192.0.2.1", "port": 7}, "[SERVER] OK!"),
    ],
)
@pytest.mark.parametrize("number", [2, 3])
def test_commands_are_answered_with_and_without_a_language(
    capability: str, parameters: dict[str, object], text: str, number: int
) -> None:
    found = duet(number)
    found.connect()
    wanted = command(capability, **parameters)
    found.execute(wanted)
    assert found.states[wanted.id] == [State.ACCEPTED, State.SENT, State.SUCCEEDED]
    assert found.settled[-1].values == {"reply.text": text}


@pytest.mark.parametrize("capability", [one.name for one in PROTOCOL.capabilities])
def test_the_simulator_knows_every_word(capability: str) -> None:
    parameters: dict[str, dict[str, object]] = {
        "replay": {"files": ["a.mp4"]},
        "history_video": {"time": "2025-01-02T03:04:05"},
        "event_video": {"time": "2025-01-02T03:04:05"},
        "relay": {"on": False},
        "set_core_kit": {"on": False},
        "set_server": {"host": "h", "port": 1},
        "set_upload": {"url": "http://h/upload"},
        "set_rtmp": {"url": "rtmp://h/live"},
        "set_file_list_url": {"url": "http://h/list"},
        "text": {"text": "PARAM"},
    }
    found = duet()
    found.connect()
    wanted = command(capability, **parameters.get(capability, {}))
    found.execute(wanted)
    ends_with_a_file = BY_NAME[capability].file_within_s is not None
    assert found.state(wanted.id) is (State.ACKNOWLEDGED if ends_with_a_file else State.SUCCEEDED)


def test_settings_stay_set() -> None:
    found = duet()
    found.connect()
    found.execute(command("set_upload", url="http://h:8000/upload"))
    found.execute(command("timer", arguments="30"))
    found.execute(command("parameters"))
    text = found.settled[-1].values["reply.text"]
    assert isinstance(text, str)
    assert "UPLOAD:http://h:8000/upload" in text
    assert "TIMER:30" in text
    found.run(60)
    before = len(times(found))
    found.run(300)
    assert len(times(found)) - before == 10


def test_case_matters_and_unknown_words_are_refused() -> None:
    found = duet()
    found.connect()
    wanted = command("text", text="PICTURE,in")
    found.execute(wanted)
    assert found.state(wanted.id) is State.REJECTED


def test_a_picture_announces_its_files() -> None:
    found = duet()
    found.connect()
    found.execute(command("picture"))
    media = [event for event in found.events if event.kind is Kind.MEDIA][-1]
    files = media.values["media.files"]
    assert isinstance(files, list)
    assert files == [
        f"EVENT_{found.simulator.ident}_00000000_2023_11_14_23_13_20_{camera}.jpg" for camera in ("01", "02")
    ]


def test_a_reboot_ends_the_connection_and_the_camera_comes_back() -> None:
    found = duet()
    found.connect()
    wanted = command("reboot")
    found.execute(wanted)
    found.run(2)
    assert found.closed == ["rebooting"]
    again(found)
    found.run(60)
    assert found.state(wanted.id) is State.SUCCEEDED
    assert len(found.identified) == 2


def test_a_command_that_meets_a_dead_line_is_settled_late_on_the_next_connection() -> None:
    found = duet()
    found.connect()
    found.to_server.hold()
    wanted = command("relay", on=True)
    found.execute(wanted)
    found.run(31)
    assert found.state(wanted.id) is State.UNKNOWN
    found.to_server.release(found.now)
    found.run(0)
    assert found.state(wanted.id) is State.SUCCEEDED
    assert found.settled[-1].late


def test_commands_heard_twice_settle_once() -> None:
    found = duet()
    found.connect()
    found.to_server.tamper = duplicate
    wanted = command("status")
    found.execute(wanted)
    assert [settle.command for settle in found.settled] == [wanted.id]


def test_a_faulty_camera_loses_no_position_for_good_and_leaves_no_command_open() -> None:
    found = duet(number=5, faults=0.15, seed=3)
    found.connect()
    wanted = [command("status") for _ in range(30)]
    for one in wanted:
        found.execute(one)
        found.run(60)
    assert {frame.fault for frame in found.bad} == {Fault.CHECKSUM}
    assert found.closed == []
    ends = {found.state(one.id) for one in wanted}
    assert ends == {State.SUCCEEDED, State.REJECTED, State.TIMED_OUT}
    assert any(settle.late for settle in found.settled)
    again(found)
    found.run(0)
    assert len(set(times(found))) >= 180


def test_a_car_stays_on_its_round_and_below_its_limits() -> None:
    car = Car(0)
    dice = random.Random(4)
    places = []
    for _ in range(500):
        car.drive(10, dice)
        assert 0 <= car.speed_kmh <= 53
        assert 0 <= car.course_deg < 360
        places.append(car.place)
    assert all(52.49 < latitude < 52.52 and 13.32 <= longitude < 13.38 for latitude, longitude in places)
    assert len(set(places)) > 400
    assert car.mileage_m > 20_000


def test_a_car_whose_relay_is_cut_stands() -> None:
    car = Car(0)
    car.relay_cut = True
    before = car.place
    car.drive(60, random.Random(1))
    assert car.place == before
    assert car.speed_kmh == 0
