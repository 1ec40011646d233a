from __future__ import annotations

from itertools import pairwise

import pytest

from tests.harness import START, drop
from tests.protocols.jk_bms.byhand import FULL, FULL_VALUES, PASSWORD, READ_ALL, one, sealed
from tests.protocols.jk_bms.line import (
    Line,
    command,
    connected,
    deaf_to,
    emitted,
    states,
    values_of_last,
)
from wayside.model.commands import State
from wayside.model.errors import CommandError, ConfigError
from wayside.model.events import Kind
from wayside.model.instant import seconds
from wayside.protocol.effects import Close, Emit, Identify, Send
from wayside.protocol.session import Setup
from wayside.protocol.simulator import Behaviour
from wayside.protocols.jk_bms.options import POLL_INTERVAL_MAX_S, POLL_INTERVAL_S
from wayside.protocols.jk_bms.session import BatterySession
from wayside.wire.errors import DecodeError

SERIAL = Setup(ident="cellar")


def session_at_start(setup: Setup = SERIAL) -> BatterySession:
    session = BatterySession(setup)
    session.connected(START)
    return session


class TestWho:
    def test_the_first_full_reply_says_it_and_is_reported_at_once(self) -> None:
        line = connected()
        assert line.identified == [line.battery.ident] == ["wayside00007JK_B2A24S15P"]
        [batch] = [batch for batch in line.batches if any(isinstance(effect, Identify) for effect in batch)]
        assert isinstance(batch[0], Identify)
        assert isinstance(batch[1], Emit)
        assert batch[1].event.message == "read_all"

    def test_a_terminal_number_comes_before_everything_else(self) -> None:
        line = connected(terminal=0x00012345)
        assert line.identified == ["00012345"]

    def test_old_firmware_has_only_its_device_id(self) -> None:
        assert connected(modern=False).identified == ["60300007"]

    def test_a_text_is_made_fit_to_be_a_name(self) -> None:
        session = session_at_start(Setup())
        [identify, *_] = session.receive(one(sealed(6, b"\xb4../a b*_")), START)
        assert identify == Identify("a-b")

    @pytest.mark.parametrize(
        "data", [b"\x85\x3b", b"\xb4" + bytes(8), b"\xb4" + b"\xff" * 8, b"\xb4________"]
    )
    def test_who_says_nothing_is_not_let_in(self, data: bytes) -> None:
        effects = session_at_start(Setup()).receive(one(sealed(6, data)), START)
        assert any(isinstance(effect, Close) for effect in effects)
        assert not any(isinstance(effect, Identify | Emit) for effect in effects)

    def test_its_own_options_hold_once_it_is_known(self) -> None:
        setup = Setup(
            options={"poll_interval_s": "20"},
            options_of={"wayside00007JK_B2A24S15P": {"poll_interval_s": "5"}}.__getitem__,
        )
        line = connected(setup)
        assert line.messages() == ["read_all"]
        line.run(5)
        assert line.messages() == ["read_all", "read_all"]

    def test_what_came_before_is_not_lost(self) -> None:
        session = session_at_start(Setup())
        assert emitted(session.receive(one(sealed(6, b"\x85\x3b", transfer=2)), START)) == []
        effects = session.receive(one(FULL), START)
        assert isinstance(effects[0], Identify)
        assert [event.message for event in emitted(effects)][:2] == ["report", "read_all"]

    def test_where_the_line_is_named_nobody_needs_to_ask(self) -> None:
        line = connected(SERIAL)
        assert line.identified == []
        assert [event.message for event in line.events] == ["read_all"]


class TestReadings:
    def test_a_reply_by_hand(self) -> None:
        effects = session_at_start().receive(one(FULL), START)
        [report, *warnings] = emitted(effects)
        assert report.kind is Kind.REPORT
        assert report.values == FULL_VALUES
        assert [(event.kind, event.values["alarm.kind"]) for event in warnings] == [
            (Kind.ALARM, "low_capacity"),
            (Kind.ALARM, "battery_low_temperature"),
            (Kind.ALARM, "cell_undervoltage"),
        ]

    def test_a_warning_is_an_alarm_when_it_comes_up_and_not_while_it_stands(self) -> None:
        session = session_at_start()
        kinds = [
            [
                event.values.get("alarm.kind")
                for event in emitted(session.receive(one(sealed(6, data)), START))
            ]
            for data in (b"\x8b\x00\x01", b"\x8b\x00\x01", b"\x8b\x00\x03", b"\x8b\x00\x00", b"\x8b\x00\x01")
        ]
        assert kinds == [
            [None, "low_capacity"],
            [None],
            [None, "mosfet_overtemperature"],
            [None],
            [None, "low_capacity"],
        ]

    def test_a_single_current_is_read_by_the_version_of_the_last_full_reply(self) -> None:
        session = session_at_start()
        session.receive(one(FULL), START)
        [event] = emitted(session.receive(one(sealed(3, b"\x84\x87\xd0")), START))
        assert event.values == {"battery.current": 20.0}

    def test_charge_and_cycles_mean_nothing_just_after_a_boot(self) -> None:
        nothing = one(sealed(6, b"\x85\x00\x87\x00\x00\x8a\x00\x04"))
        session = session_at_start()
        [event] = emitted(session.receive(nothing, START + seconds(1)))
        assert event.values == {"battery.cell.count": 4}
        [event] = emitted(session.receive(nothing, START + seconds(30)))
        assert event.values == {"battery.level": 0, "battery.cycles": 0, "battery.cell.count": 4}
        [event] = emitted(session_at_start().receive(one(sealed(6, b"\x85\x00\x87\x00\x01")), START))
        assert event.values == {"battery.level": 0, "battery.cycles": 1}

    def test_an_unknown_identifier_hides_nothing_that_came_before(self) -> None:
        [event] = emitted(session_at_start().receive(one(sealed(6, b"\x85\x3b\x88\x01\x02")), START))
        assert event.values == {"battery.level": 59, "module.data.raw": "880102"}

    @pytest.mark.parametrize(
        ("raw", "complaint"),
        [
            (sealed(6, b"", transfer=1), "at least one identifier"),
            (sealed(6, b"\x85\x3b", transfer=3), "transfer type 3"),
            (sealed(9, b"\x85\x3b", transfer=1), "0x09"),
        ],
    )
    def test_nonsense_is_refused_and_changes_nothing(self, raw: bytes, complaint: str) -> None:
        session = session_at_start()
        with pytest.raises(DecodeError, match=complaint):
            session.receive(one(raw), START)
        assert session.wake(START + seconds(0.1))[0] == Send(READ_ALL, "read_all", courtesy=True)


class TestPolling:
    def test_a_poll_every_interval(self) -> None:
        line = connected(Setup(ident="x", options={"poll_interval_s": "5"}))
        line.run(60)
        times = [at for at, _ in line.departures]
        assert len(times) == 13
        assert {after - before for before, after in pairwise(times)} == {seconds(5)}

    def test_who_reports_often_enough_is_not_polled(self) -> None:
        line = connected(reports=True)
        line.run(300)
        assert line.messages() == ["read_all"]
        assert len([event for event in line.events if event.message == "report"]) >= 30

    def test_who_reports_seldom_is_polled_in_between(self) -> None:
        line = connected(
            behaviour=Behaviour(number=7, interval_s=4 * POLL_INTERVAL_S, faults=0), reports=True
        )
        line.run(8 * POLL_INTERVAL_S)
        assert len(line.messages()) >= 6

    def test_a_battery_that_sleeps_is_activated_and_asked_again(self) -> None:
        line = Line(asleep=True)
        line.connect()
        line.run(20)
        assert line.messages() == ["read_all", "activate", "read_all"]
        assert line.identified == [line.battery.ident]

    def test_one_that_stays_silent_is_activated_before_each_poll(self) -> None:
        line = connected()
        line.to_device.tamper = drop
        line.run(POLL_INTERVAL_S + 16)
        assert line.messages()[1:] == ["read_all", "activate", "read_all"]
        line.run(POLL_INTERVAL_S)
        assert line.messages()[4:6] == ["activate", "read_all"]
        line.to_device.tamper = lambda data: [data]
        line.run(2 * POLL_INTERVAL_S)
        assert line.messages()[-1] == "read_all"
        assert line.messages()[-2] == "read_all"

    @pytest.mark.parametrize("text", ["soon", "0.5", "nan", str(POLL_INTERVAL_MAX_S + 1)])
    def test_an_interval_that_cannot_be_is_refused(self, text: str) -> None:
        with pytest.raises(ConfigError, match="poll_interval_s"):
            BatterySession(Setup(options={"poll_interval_s": text}))

    @pytest.mark.parametrize("text", ["12345678901", "pass\n", "schlüssel"])
    def test_a_password_that_cannot_be_sent_is_refused_and_not_shown(self, text: str) -> None:
        with pytest.raises(ConfigError, match="password") as error:
            BatterySession(Setup(options={"password": text}))
        assert text not in str(error.value)


class TestEcho:
    def test_our_own_requests_that_come_back_are_not_replies(self) -> None:
        line = connected(echo=True)
        done = line.command("charge_switch", on=False)
        line.run(2)
        assert line.state(done) is State.SUCCEEDED
        assert [event.message for event in line.events] == ["read_all", "read"]
        assert line.bad == []
        assert line.undecodable == []

    def test_somebody_elses_request_is_none_either(self) -> None:
        line = connected()
        line.to_device.tamper = drop
        done = line.command("charge_switch", on=False)
        line.hear(sealed(2, b"\xab\x00", source=3, transfer=0))
        line.hear(sealed(3, b"\xab\x00", source=3, transfer=0))
        assert states(line, done) == [State.ACCEPTED, State.SENT]
        assert [event.message for event in line.events] == ["read_all"]
        assert line.undecodable == []


class TestWriting:
    def test_only_the_value_that_is_read_back_confirms(self) -> None:
        line = connected()
        done = line.command("set_cell_overvoltage_protection", value=3.55)
        line.run(2)
        assert states(line, done) == [State.ACCEPTED, State.SENT, State.ACKNOWLEDGED, State.SUCCEEDED]
        assert line.last(done).values == {"setting.cell_overvoltage_protection": 3.55}
        assert line.battery.pack.settings[0x90] == (3550).to_bytes(2, "big")
        assert line.messages() == ["read_all", "write", "read"]
        assert values_of_last(line, "read") == {"setting.cell_overvoltage_protection": 3.55}

    def test_another_value_is_a_failure(self) -> None:
        line = connected()
        line.battery.refuses.add(0x9D)
        done = line.command("balancer_switch", on=False)
        line.run(2)
        settle = line.last(done)
        assert (settle.state, settle.detail) == (State.FAILED, "the BMS keeps another value: True")
        assert settle.values == {"setting.balancer_switch": True}

    def test_a_lost_acknowledgement_does_not_matter(self) -> None:
        line = connected()
        done = line.command("discharge_switch", on=False)
        line.to_server.cut()
        line.to_server.tamper = lambda data: [] if data[8] == 2 else [data]
        line.run(10)
        assert states(line, done) == [State.ACCEPTED, State.SENT, State.SUCCEEDED]

    @pytest.mark.parametrize(
        ("capability", "parameters", "state"),
        [
            ("set_sleep_delay", {"value": 60}, State.TIMED_OUT),
            ("charge_switch", {"on": False}, State.UNKNOWN),
            ("restart", {}, State.UNKNOWN),
        ],
    )
    def test_silence_is_told_as_what_it_is(
        self, capability: str, parameters: dict[str, object], state: State
    ) -> None:
        line = connected()
        line.to_device.tamper = drop
        done = line.command(capability, **parameters)
        line.run(25)
        assert states(line, done) == [State.ACCEPTED, State.SENT, state]
        assert line.messages().count("write") == 1

    @pytest.mark.parametrize(("arrived", "state"), [(True, State.SUCCEEDED), (False, State.FAILED)])
    def test_the_next_readings_tell_what_silence_left_open(self, *, arrived: bool, state: State) -> None:
        line = connected()
        line.to_server.tamper = drop
        if not arrived:
            line.to_device.tamper = drop
        done = line.command("charge_switch", on=False)
        line.run(25)
        assert line.state(done) is State.UNKNOWN
        line.to_server.tamper = line.to_device.tamper = lambda data: [data]
        line.run(POLL_INTERVAL_S)
        assert (line.state(done), line.last(done).late) == (state, True)

    def test_a_lost_connection_leaves_it_unknown_until_the_next_tells(self) -> None:
        line = connected()
        done = line.command("charge_switch", on=False)
        line.run(0)
        line.disconnect()
        assert line.state(done) is State.UNKNOWN
        line.again()
        line.run(1)
        assert (line.state(done), line.last(done).late) == (State.SUCCEEDED, True)

    def test_what_is_not_sent_yet_is_left_to_the_next_connection(self) -> None:
        line = connected()
        line.command("read_all")
        done = line.command("charge_switch", on=False)
        line.disconnect()
        assert states(line, done) == [State.ACCEPTED]

    def test_nothing_is_written_to_one_that_does_not_wake(self) -> None:
        line = connected()
        line.to_device.tamper = drop
        line.run(POLL_INTERVAL_S + 16)
        done = line.command("charge_switch", on=False)
        line.run(10)
        assert states(line, done) == [State.ACCEPTED, State.REJECTED]
        assert "write" not in line.messages()

    def test_one_that_wakes_is_written_to(self) -> None:
        line = connected()
        line.battery.asleep = True
        line.to_device.tamper = deaf_to("activate")
        line.run(POLL_INTERVAL_S + 16)
        line.to_device.tamper = lambda data: [data]
        done = line.command("charge_switch", on=False)
        line.run(2)
        assert line.messages()[-3:] == ["activate", "write", "read"]
        assert line.state(done) is State.SUCCEEDED

    @pytest.mark.parametrize("answers", [True, False])
    def test_the_password_goes_first_and_is_not_waited_for(self, *, answers: bool) -> None:
        line = connected(Setup(options={"password": "s3cr3t"}), answers_password=answers)
        done = line.command("discharge_switch", on=False)
        line.run(2)
        assert line.messages() == ["read_all", "password", "write", "read"]
        (asked, _), (written, _) = line.departures[1:3]
        assert written - asked <= seconds(0.25)
        assert line.state(done) is State.SUCCEEDED
        assert line.sent[1].command is None

    @pytest.mark.parametrize("capability", ["restart", "factory_reset", "start_upgrade"])
    def test_what_cannot_be_read_back_stays_unconfirmed(self, capability: str) -> None:
        line = connected()
        done = line.command(capability)
        line.run(2)
        assert states(line, done) == [State.ACCEPTED, State.SENT, State.ACKNOWLEDGED, State.UNCONFIRMED]

    def test_a_restart_is_followed_by_a_time_without_charge_level(self) -> None:
        line = connected(Setup(options={"poll_interval_s": "4"}))
        line.command("restart")
        line.run(16)
        assert "battery.level" not in values_of_last(line, "read_all")
        line.run(20)
        assert values_of_last(line, "read_all")["battery.level"] != 0

    def test_a_new_password_is_confirmed_and_never_shown(self) -> None:
        line = connected()
        done = line.command("set_parameter_password", value=PASSWORD.decode())
        line.run(2)
        assert line.last(done).state is State.SUCCEEDED
        line.battery.refuses.add(0xB2)
        kept = line.command("set_parameter_password", value="other")
        line.run(2)
        assert line.last(kept).state is State.FAILED
        said = repr((line.settled, line.events))
        assert PASSWORD.decode() not in said
        assert PASSWORD.hex() not in said
        assert "other" not in said.replace("another", "")

    def test_a_text_may_be_filled_up_in_another_way(self) -> None:
        line = connected()
        done = line.command("set_device_id", value="van7")
        line.run(0.15)
        line.battery.pack.settings[0xB4] = b"van7____"
        line.run(2)
        assert line.last(done).state is State.SUCCEEDED

    @pytest.mark.parametrize(
        ("capability", "value"),
        [
            ("set_cell_overvoltage_protection", 3.6505),
            ("set_current_calibration", 0.10001),
            ("set_device_id", "naïve"),
            ("set_device_id", "a\n"),
            ("set_manufacture_date", "2401\n"),
        ],
    )
    def test_what_cannot_be_sent_as_it_is_is_refused(self, capability: str, value: object) -> None:
        wrong = command("set_device_id", value="x")
        parameters = type(command(capability, value=3.5 if isinstance(value, float) else "2401").parameters)
        with pytest.raises(CommandError) as error:
            session_at_start().execute(
                wrong.__class__("c1", 1, capability, parameters(value)),
                START,
            )
        assert error.value.field == "parameters.value"


class TestReading:
    def test_one_identifier(self) -> None:
        line = connected()
        done = line.command("read", identifier="voltage")
        line.run(1)
        assert list(line.last(done).values) == ["battery.voltage"]
        assert line.state(done) is State.SUCCEEDED

    @pytest.mark.parametrize("length_byte", [True, False])
    def test_the_cells(self, *, length_byte: bool) -> None:
        line = connected(length_byte=length_byte, cells=4)
        done = line.command("read", identifier="cell_voltages")
        line.run(1)
        assert len(line.last(done).values) == 5

    def test_everything(self) -> None:
        line = connected()
        done = line.command("read_all")
        line.run(1)
        assert line.last(done).values == line.events[-1].values

    def test_waking(self) -> None:
        line = connected()
        line.battery.asleep = True
        done = line.command("activate")
        line.run(1)
        assert line.state(done) is State.SUCCEEDED
        assert not line.battery.asleep

    def test_a_question_may_be_asked_again(self) -> None:
        line = connected()
        lost = iter([True])
        line.to_device.tamper = lambda data: [] if next(lost, False) else [data]
        done = line.command("read", identifier="voltage")
        line.run(12)
        assert line.messages()[1:] == ["read", "activate", "read"]
        assert line.state(done) is State.SUCCEEDED

    def test_a_late_answer_counts(self) -> None:
        line = connected()
        line.to_device.tamper = drop
        done = line.command("read", identifier="charge_level")
        line.run(20)
        assert line.state(done) is State.TIMED_OUT
        line.hear(sealed(3, b"\x85\x3b"))
        assert (line.state(done), line.last(done).late) == (State.SUCCEEDED, True)
        assert line.last(done).values == {"battery.level": 59}

    def test_an_answer_to_another_question_is_not_this_ones(self) -> None:
        line = connected()
        line.to_device.tamper = drop
        done = line.command("read", identifier="voltage")
        line.hear(sealed(3, b"\x85\x3b"))
        assert line.state(done) is State.SENT
        assert line.events[-1].values == {"battery.level": 59}

    def test_a_lost_connection_fails_a_question(self) -> None:
        line = connected()
        done = line.command("read", identifier="voltage")
        line.disconnect()
        assert line.state(done) is State.FAILED


def test_a_session_that_never_connected_shows_the_bytes_at_once() -> None:
    [send, *_] = BatterySession(SERIAL).execute(command("charge_switch", on=True), START)
    assert isinstance(send, Send)
    assert send.data.hex() == "4e57001400000000020300ab010000000068000001d2"
    assert send.command == "c1"
