from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.protocols.parking_lock.lines import (
    HEARTBEAT,
    IMEI,
    SIGN_IN,
    START,
    Lock,
    emitted,
    left_open,
    sent,
    settled,
)
from wayside.model.commands import State
from wayside.model.errors import CommandError
from wayside.model.instant import seconds
from wayside.protocol.effects import Ask, Close, Emit, Identify, Send, Settle
from wayside.protocol.questions import FirmwareOffer, WantFirmware
from wayside.protocol.session import Setup
from wayside.protocols.parking_lock.commands import ANSWER_WITHIN_S, UPGRADE_WITHIN_S
from wayside.protocols.parking_lock.session import REBOOT_WITHIN_S
from wayside.wire.errors import DecodeError

STATUS = "S5,6028,48,30,1,0,2,898604D5192291255340,CMIOT,E7:0F:B7:FD:A6:74,1"
SUCCEEDED, LATE_SUCCEEDED = (State.SUCCEEDED, False), (State.SUCCEEDED, True)
FAILED, UNKNOWN, TIMED_OUT = (State.FAILED, False), (State.UNKNOWN, False), (State.TIMED_OUT, False)
UNCONFIRMED, REJECTED, GRANTED = (
    (State.UNCONFIRMED, False),
    (State.REJECTED, False),
    (State.ACKNOWLEDGED, False),
)


@pytest.fixture
def lock() -> Lock:
    lock = Lock()
    lock.say(SIGN_IN)
    return lock


class TestWho:
    def test_the_first_valid_frame_says_it(self) -> None:
        lock = Lock()
        effects = lock.say(HEARTBEAT)
        assert effects[0] == Identify(IMEI)
        assert emitted(effects) == ["heartbeat"]
        assert not any(isinstance(effect, Identify) for effect in lock.say(HEARTBEAT))

    def test_a_frame_that_cannot_be_read_says_nothing(self) -> None:
        lock = Lock()
        with pytest.raises(DecodeError):
            lock.say("Q0,?")
        assert lock.say(SIGN_IN)[0] == Identify(IMEI)

    def test_another_imei_ends_the_connection(self, lock: Lock) -> None:
        (close,) = lock.say("W0,1", imei="123456789123456")
        assert isinstance(close, Close)

    def test_a_session_that_knows_its_lock_asks_nobody(self) -> None:
        lock = Lock(setup=Setup(ident=IMEI))
        assert emitted(lock.say(SIGN_IN)) == ["sign_in"]
        assert sent(lock.ask("status")) == ["S5"]
        assert isinstance(lock.say(SIGN_IN, imei="123456789123456")[0], Close)

    def test_no_command_for_a_lock_that_has_not_spoken(self) -> None:
        assert settled(Lock().ask("unlock")) == [REJECTED]

    def test_the_vendor_code_is_echoed(self, lock: Lock) -> None:
        (send,) = [effect for effect in lock.say("W0,1", vendor="XY") if isinstance(effect, Send)]
        assert send.data == f"\xff\xff*BGCS,XY,{IMEI},Re,W0#\n".encode("latin-1")


class TestReports:
    @pytest.mark.parametrize("line", [SIGN_IN, HEARTBEAT])
    def test_sign_in_and_heartbeat_get_no_answer(self, lock: Lock, line: str) -> None:
        assert sent(lock.say(line)) == []

    @pytest.mark.parametrize(
        ("line", "message"),
        [("L0,0,1234,1497689816", "unlock"), ("L1,0,1234,1497689816,5", "lock"), ("W0,3", "alarm")],
    )
    def test_a_receipt_leaves_only_behind_its_event(self, lock: Lock, line: str, message: str) -> None:
        effects = lock.say(line)
        assert [type(effect) for effect in effects] == [Emit, Send]
        assert emitted(effects) == [message]
        assert sent(effects) == [f"Re,{line[:2]}"]
        (receipt,) = [effect for effect in effects if isinstance(effect, Send)]
        assert not receipt.courtesy

    def test_a_repeated_report_is_acknowledged_again(self, lock: Lock) -> None:
        assert sent(lock.say("W0,1")) == sent(lock.say("W0,1")) == ["Re,W0"]

    def test_an_unknown_word_breaks_nothing(self, lock: Lock) -> None:
        assert lock.say("Z9,1,2,3") == []


class TestQueries:
    @pytest.mark.parametrize(
        ("capability", "question", "answer", "name"),
        [
            ("status", "S5", STATUS, "sim.iccid"),
            ("version", "G0", "G0,V1.0.0,May172017,SIM7670V01", "device.module.version"),
        ],
    )
    def test_question_and_answer(
        self, lock: Lock, capability: str, question: str, answer: str, name: str
    ) -> None:
        assert sent(lock.ask(capability)) == [question]
        assert settled(lock.say(HEARTBEAT)) == []
        effects = lock.say(answer)
        assert emitted(effects) == [capability]
        assert settled(effects) == [SUCCEEDED]
        (settle,) = [effect for effect in effects if isinstance(effect, Settle)]
        assert name in settle.values

    def test_silence_and_a_late_answer(self, lock: Lock) -> None:
        lock.ask("status")
        assert settled(lock.wait(ANSWER_WITHIN_S)) == [TIMED_OUT]
        assert settled(lock.say(STATUS)) == [LATE_SUCCEEDED]
        assert settled(lock.say(STATUS)) == []

    def test_a_lost_question_has_failed(self, lock: Lock) -> None:
        lock.ask("status")
        assert settled(lock.lose()) == [FAILED]

    def test_two_at_once_are_told_apart_by_their_word(self, lock: Lock) -> None:
        lock.ask("status")
        lock.ask("version")
        (first,) = [effect for effect in lock.say("G0,V1,x,y") if isinstance(effect, Settle)]
        (second,) = [effect for effect in lock.say(STATUS) if isinstance(effect, Settle)]
        assert (first.command, second.command) == ("version", "status")


class TestAutoLock:
    @pytest.mark.parametrize("enabled", [True, False])
    def test_the_answer_is_the_setting(self, lock: Lock, enabled: bool) -> None:  # noqa: FBT001 - a parameter of the test
        assert sent(lock.ask("auto_lock", enabled=enabled)) == [f"S6,{enabled:d}"]
        effects = lock.say(f"S6,{enabled:d}")
        assert settled(effects) == [SUCCEEDED]
        assert [effect.event.values for effect in effects if isinstance(effect, Emit)] == [
            {"lock.auto.status": enabled}
        ]

    def test_the_lock_keeps_its_own_mind(self, lock: Lock) -> None:
        lock.ask("auto_lock", enabled=True)
        assert settled(lock.say("S6,0")) == [FAILED]

    def test_a_heartbeat_is_no_answer_while_one_may_come(self, lock: Lock) -> None:
        lock.ask("auto_lock", enabled=True)
        assert settled(lock.say(HEARTBEAT)) == []

    def test_a_heartbeat_reads_back_what_nobody_answered(self, lock: Lock) -> None:
        lock.ask("auto_lock", enabled=True)
        assert settled(lock.wait(ANSWER_WITHIN_S)) == [TIMED_OUT]
        assert settled(lock.say("H0,1,6023,31,0,2,1,1,0")) == []
        assert settled(lock.say(HEARTBEAT)) == [LATE_SUCCEEDED]

    def test_a_newer_wish_ends_the_waiting_for_an_older_one(self, lock: Lock) -> None:
        lock.ask("auto_lock", enabled=False)
        lock.wait(ANSWER_WITHIN_S)
        lock.ask("auto_lock", enabled=True)
        assert settled(lock.say("S6,1")) == [SUCCEEDED]
        assert settled(lock.say("H0,1,6023,31,0,2,1,1,0")) == []

    def test_across_a_reconnection(self, lock: Lock) -> None:
        lock.ask("auto_lock", enabled=True)
        assert settled(lock.lose()) == [UNKNOWN]
        again = Lock(left_open("auto_lock", State.UNKNOWN, enabled=True))
        again.say(SIGN_IN)
        assert settled(again.say(HEARTBEAT)) == [LATE_SUCCEEDED]


class TestUnanswered:
    @pytest.mark.parametrize(
        ("capability", "parameters", "line"),
        [
            ("find", {}, "S8"),
            ("reboot", {}, "S1"),
            ("set_server", {"host": "omniserver.ombike.com", "port": 9681}, "S3,omniserver.ombike.com,9681"),
        ],
    )
    def test_sent_and_unconfirmed(
        self, lock: Lock, capability: str, parameters: dict[str, Any], line: str
    ) -> None:
        effects = lock.ask(capability, **parameters)
        assert sent(effects) == [line]
        assert settled(effects) == [UNCONFIRMED]
        assert [type(effect) for effect in effects] == [Send, Settle]
        assert settled(lock.say(HEARTBEAT)) == settled(lock.lose()) == []

    @pytest.mark.parametrize("host", ["a,1#", "evil\n", "ü.example"])
    def test_a_host_that_does_not_fit_a_line(self, lock: Lock, host: str) -> None:
        with pytest.raises(CommandError) as raised:
            lock.ask("set_server", host=host, port=1)
        assert raised.value.field == "parameters.host"


class TestReboot:
    def test_signing_in_soon_after_proves_it(self) -> None:
        lock = Lock(left_open("reboot", State.UNCONFIRMED, sent_at=START - seconds(40)))
        assert settled(lock.say(SIGN_IN)) == [LATE_SUCCEEDED]
        assert settled(lock.say(SIGN_IN)) == []

    def test_signing_in_on_the_same_connection_too(self, lock: Lock) -> None:
        lock.ask("reboot")
        lock.now += seconds(30)
        assert settled(lock.say(SIGN_IN)) == [LATE_SUCCEEDED]

    def test_a_heartbeat_proves_nothing(self) -> None:
        lock = Lock(left_open("reboot", State.UNCONFIRMED, sent_at=START - seconds(40)))
        assert settled(lock.say(HEARTBEAT)) == []

    @pytest.mark.parametrize("sent_at", [START - seconds(REBOOT_WITHIN_S + 1), None])
    def test_signing_in_hours_later_proves_nothing(self, sent_at: int | None) -> None:
        lock = Lock(left_open("reboot", State.UNCONFIRMED, sent_at=sent_at))
        assert settled(lock.say(SIGN_IN)) == []

    def test_having_signed_in_before_proves_nothing(self, lock: Lock) -> None:
        lock.ask("reboot")
        assert settled(lock.say(HEARTBEAT)) == []


OFFER = FirmwareOffer("http://files.example/k3y", 4, 35212)


class TestUpgrade:
    @pytest.fixture
    def offered(self, lock: Lock) -> Lock:
        assert lock.ask("upgrade", firmware="fw1") == [Ask(WantFirmware("upgrade", "fw1"))]
        effects = lock.session.answer(WantFirmware("upgrade", "fw1"), OFFER, lock.now)
        assert sent(effects) == ["U0,http://files.example/k3y,35212"]
        assert [effect.command for effect in effects if isinstance(effect, Send)] == ["upgrade"]
        return lock

    def test_received_and_ended(self, offered: Lock) -> None:
        assert settled(offered.say("U0,100")) == [GRANTED]
        assert settled(offered.say("U0,100")) == []
        effects = offered.say("U0,200")
        assert settled(effects) == [SUCCEEDED]
        assert emitted(effects) == ["upgrade"]

    def test_ended_without_having_been_received(self, offered: Lock) -> None:
        assert settled(offered.say("U0,200")) == [SUCCEEDED]

    def test_rejected(self, offered: Lock) -> None:
        assert settled(offered.say("U0,101")) == [REJECTED]

    def test_rejected_after_all(self, offered: Lock) -> None:
        offered.say("U0,100")
        assert settled(offered.say("U0,101")) == [FAILED]

    def test_other_codes_are_kept_and_change_nothing(self, offered: Lock) -> None:
        effects = offered.say("U0,220")
        assert emitted(effects) == ["upgrade"]
        assert settled(effects) == []
        assert settled(offered.say("U0,200")) == [SUCCEEDED]

    def test_silence_after_it_was_received_is_unknown(self, offered: Lock) -> None:
        offered.say("U0,100")
        assert settled(offered.wait(UPGRADE_WITHIN_S)) == [UNKNOWN]
        assert settled(offered.say("U0,200")) == [LATE_SUCCEEDED]

    def test_silence_from_the_start(self, offered: Lock) -> None:
        assert settled(offered.wait(UPGRADE_WITHIN_S)) == [TIMED_OUT]
        assert settled(offered.say("U0,101")) == [(State.FAILED, True)]

    def test_the_connection_ends(self, offered: Lock) -> None:
        assert settled(offered.lose()) == [UNKNOWN]

    def test_the_end_is_reported_on_the_next_connection(self) -> None:
        lock = Lock(left_open("upgrade", State.UNKNOWN, firmware="fw1"))
        lock.say(SIGN_IN)
        assert settled(lock.say("U0,200")) == [LATE_SUCCEEDED]

    def test_there_is_no_such_file(self, lock: Lock) -> None:
        lock.ask("upgrade", firmware="fw2")
        effects = lock.session.answer(WantFirmware("upgrade", "fw2"), None, lock.now)
        assert settled(effects) == [REJECTED]
        assert sent(effects) == []

    @pytest.mark.parametrize("url", ["http://x/a,b", "http://x/#", f"http://x/{'y' * 500}"])
    def test_an_address_that_no_line_can_hold(self, lock: Lock, url: str) -> None:
        lock.ask("upgrade", firmware="fw1")
        effects = lock.session.answer(WantFirmware("upgrade", "fw1"), FirmwareOffer(url, 1, 1), lock.now)
        assert settled(effects) == [REJECTED]

    def test_the_connection_ends_before_the_file_was_found(self, lock: Lock) -> None:
        lock.ask("upgrade", firmware="fw1")
        assert settled(lock.lose()) == [REJECTED]
        assert lock.session.answer(WantFirmware("upgrade", "fw1"), OFFER, lock.now) == []


def test_a_copy_does_not_disturb_the_original(lock: Lock) -> None:
    lock.ask("unlock")
    twin = copy.deepcopy(lock)
    twin.say("R0,0,55,7,1")
    assert settled(twin.say("L0,0,7,1")) == [SUCCEEDED]
    assert settled(lock.lose()) == [FAILED]
