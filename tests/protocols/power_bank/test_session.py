from __future__ import annotations

import copy

import pytest

from tests.protocols.power_bank.printed import IMEI, A, B
from tests.protocols.power_bank.talk import START, Cabinet, emitted, left_open, sent, settled
from wayside.model.commands import State
from wayside.model.errors import ConfigError
from wayside.model.instant import seconds
from wayside.protocol.effects import Ask, Close, Emit, Identify, Send, WakeAt
from wayside.protocol.questions import BankKnown, WantBank
from wayside.protocol.session import Setup
from wayside.protocols.power_bank.commands import ANSWER_WITHIN_S, BORROW_WITHIN_S
from wayside.protocols.power_bank.crc import Crc
from wayside.protocols.power_bank.session import INVENTORY_EVERY_S, PowerBankSession
from wayside.wire.errors import ChecksumError, DecodeError

FULL = f"AQ,1.FU.{A};2.EM;3.ER;"
WITHOUT_A = "AQ,1.EM;2.EM;3.ER;"


@pytest.fixture
def cabinet() -> Cabinet:
    """Registered, and asked for its inventory."""
    cabinet = Cabinet()
    cabinet.say("CH")
    assert sent(cabinet.wait(0)) == ["CQ"]
    cabinet.say(FULL)
    return cabinet


def unknown(sent_at: int | None = START) -> Cabinet:
    """Back on a new connection after one that was lost while A was to leave slot 1."""
    return Cabinet(left_open("borrow", State.UNKNOWN, sent_at=sent_at, slot=1, bank=A))


class TestWho:
    def test_the_first_valid_frame_says_it(self) -> None:
        cabinet = Cabinet()
        effects = cabinet.say("CH")
        assert effects == [Identify(IMEI), WakeAt(START)]
        assert cabinet.say("CH") == []

    def test_a_frame_that_cannot_be_read_says_nothing(self) -> None:
        cabinet = Cabinet()
        with pytest.raises(DecodeError):
            cabinet.say("MQ,0,?")
        assert cabinet.say("CH")[0] == Identify(IMEI)

    def test_another_imei_ends_the_connection(self, cabinet: Cabinet) -> None:
        (close,) = cabinet.say("CH", imei="123456789123456")
        assert isinstance(close, Close)

    def test_no_command_for_a_cabinet_that_has_not_spoken(self) -> None:
        assert settled(Cabinet().ask("query")) == [("query", State.REJECTED, False)]

    def test_a_cabinet_in_quarantine_is_asked_nothing(self) -> None:
        assert Cabinet(accepted=False).say("CH") == [Identify(IMEI)]

    def test_in_quarantine_every_report_is_news(self) -> None:
        cabinet = Cabinet(accepted=False)
        assert emitted(cabinet.say(f"MC,BO,1,{A}")) == ["borrowed"]
        assert emitted(cabinet.say(f"MC,BO,1,{A}")) == ["borrowed"]

    def test_options_that_cannot_be_are_refused(self) -> None:
        with pytest.raises(ConfigError, match="crc_mode"):
            PowerBankSession(Setup(options={"crc_mode": "maybe"}))


class TestChecksum:
    def test_a_wrong_one_is_refused_and_changes_nothing(self, cabinet: Cabinet) -> None:
        with pytest.raises(ChecksumError):
            cabinet.say(f"MC,BO,1,{A}", crc="0000")
        assert emitted(cabinet.say(f"MC,BO,1,{A}")) == ["borrowed"]

    def test_a_wrong_one_with_another_imei_does_not_end_the_connection(self, cabinet: Cabinet) -> None:
        with pytest.raises(ChecksumError):
            cabinet.say("CH", imei="123456789123456", crc="0000")

    def test_lenient_mode_takes_it_and_says_so(self) -> None:
        cabinet = Cabinet(options={"crc_mode": "lenient"})
        effects = cabinet.say(f"MC,BO,1,{A}", crc="0000")
        (event,) = [effect.event for effect in effects if isinstance(effect, Emit)]
        assert event.values["frame.checksum.valid"] is False
        assert event.values["bank.id"] == A

    def test_a_learnt_profile_is_announced_once_and_used(self) -> None:
        cabinet, other = Cabinet(options={"crc_mode": "lenient"}), Crc("xmodem", order="low", case="lower")

        def say(content: str) -> list[str]:
            return emitted(cabinet.say(content, crc=other.of(f"{IMEI},{content}")))

        assert say("CH") == ["heartbeat"]
        assert say("MQ,1,XY") == ["checksum_learnt", "bank_query"]
        assert say("MQ,1,XYZ") == ["bank_query"]
        (send,) = [effect for effect in cabinet.wait(0) if isinstance(effect, Send)]
        assert send.data == f'{{"{IMEI},CQ,{other.of(f"{IMEI},CQ")}"}}\r\n'.encode()

    def test_a_learnt_profile_is_announced_with_the_next_frame_that_can_be_read(self) -> None:
        cabinet, other = Cabinet(), Crc("kermit")
        for content in ("MQ,0,A", "MQ,0,B"):
            with pytest.raises(DecodeError):
                cabinet.say(content, crc=other.of(f"{IMEI},{content}"))
        assert emitted(cabinet.say("CH", crc=other.of(f"{IMEI},CH"))) == ["checksum_learnt"]

    def test_what_an_earlier_connection_learnt_holds_from_the_first_frame(self) -> None:
        """An idle cabinet says one thing only: from that it could never be learnt again."""
        other = Crc("xmodem")
        cabinet = Cabinet(own={IMEI: {"crc_learnt": str(other)}})
        assert cabinet.say("CH", crc=other.of(f"{IMEI},CH"))[0] == Identify(IMEI)
        [asked] = [effect.data for effect in cabinet.wait(0) if isinstance(effect, Send)]
        assert asked.decode() == f'{{"{IMEI},CQ,{other.of(f"{IMEI},CQ")}"}}\r\n'

    def test_what_was_learnt_may_be_learnt_anew(self) -> None:
        cabinet = Cabinet(own={IMEI: {"crc_learnt": "xmodem"}})
        with pytest.raises(ChecksumError):
            cabinet.say("CH")
        assert emitted(cabinet.say("MQ,1,XY")) == ["checksum_learnt", "bank_query"]

    def test_each_cabinet_has_its_own_options(self) -> None:
        for imei, profile in ((IMEI, Crc("xmodem")), ("866262040000027", Crc())):
            cabinet = Cabinet(own={IMEI: {"crc_profile": "xmodem"}})
            effects = cabinet.say("CH", imei=imei, crc=profile.of(f"{imei},CH"))
            assert effects[0] == Identify(imei)

    def test_dots_are_written_where_they_are_wanted(self) -> None:
        cabinet = Cabinet(options={"separators": "dot"})
        assert sent(cabinet.say(f"MC,BO.1,{A}")) == [f"AM,BO.1,{A}"]


class TestInventory:
    def test_it_is_asked_for_again_and_again(self, cabinet: Cabinet) -> None:
        assert sent(cabinet.wait(INVENTORY_EVERY_S - 1)) == []
        assert sent(cabinet.wait(1)) == ["CQ"]
        assert sent(cabinet.wait(INVENTORY_EVERY_S)) == ["CQ"]

    def test_question_and_answer(self, cabinet: Cabinet) -> None:
        effects = cabinet.ask("query")
        assert sent(effects) == ["CQ"]
        (send,) = [effect for effect in effects if isinstance(effect, Send)]
        assert send.command == "query"
        answered = cabinet.say(FULL)
        assert emitted(answered) == ["inventory"]
        assert settled(answered) == [("query", State.SUCCEEDED, False)]
        assert sent(answered) == []

    def test_no_answer_and_a_late_one(self, cabinet: Cabinet) -> None:
        cabinet.ask("query")
        assert settled(cabinet.wait(ANSWER_WITHIN_S)) == [("query", State.TIMED_OUT, False)]
        assert settled(cabinet.say(FULL)) == [("query", State.SUCCEEDED, True)]

    def test_a_lost_connection_fails_the_question(self, cabinet: Cabinet) -> None:
        cabinet.ask("query")
        assert settled(cabinet.lose()) == [("query", State.FAILED, False)]

    def test_a_question_of_an_earlier_connection_is_answered_late(self) -> None:
        cabinet = Cabinet(left_open("query", State.TIMED_OUT))
        cabinet.say("CH")
        assert settled(cabinet.say(FULL)) == [("query", State.SUCCEEDED, True)]


class TestReports:
    @pytest.mark.parametrize(
        ("report", "message", "receipt"),
        [
            (f"MC,BO,1,{A}", "borrowed", f"AM,BO,1,{A}"),
            (f"MC,RO,1,{A}", "returned", f"AM,RO,1,{A}"),
            (f"MR,BF,1,{A}", "borrow_failed", f"AR,BF,1,{A}"),
            (f"MR,RF,1,{A}", "return_failed", f"AR,RF,1,{A}"),
        ],
    )
    def test_kept_then_acknowledged_and_once_more_when_repeated(
        self, cabinet: Cabinet, report: str, message: str, receipt: str
    ) -> None:
        effects = cabinet.say(report)
        assert [type(effect) for effect in effects] == [Emit, Send]
        assert (emitted(effects), sent(effects)) == ([message], [receipt])
        (send,) = [effect for effect in effects if isinstance(effect, Send)]
        assert not send.courtesy
        for _ in range(3):
            repeated = cabinet.say(report)
            assert (emitted(repeated), sent(repeated)) == ([], [receipt])

    def test_a_heartbeat_gets_no_answer(self, cabinet: Cabinet) -> None:
        assert cabinet.say("CH") == []

    def test_an_unknown_word_breaks_nothing(self, cabinet: Cabinet) -> None:
        assert cabinet.say("Z9,1,2") == []

    def test_reports_of_two_slots_do_not_hide_each_other(self, cabinet: Cabinet) -> None:
        assert emitted(cabinet.say(f"MC,RO,2,{A}")) == ["returned"]
        assert emitted(cabinet.say(f"MC,RO,3,{B}")) == ["returned"]
        assert emitted(cabinet.say(f"MC,RO,2,{A}")) == []

    def test_the_same_bank_borrowed_again_after_it_came_back_is_news(self, cabinet: Cabinet) -> None:
        for _ in range(2):
            assert emitted(cabinet.say(f"MC,BO,1,{A}")) == ["borrowed"]
            assert emitted(cabinet.say(f"MC,RO,1,{A}")) == ["returned"]

    def test_what_an_inventory_contradicts_may_be_said_again(self, cabinet: Cabinet) -> None:
        cabinet.say(f"MC,BO,1,{A}")
        cabinet.say(WITHOUT_A)
        assert emitted(cabinet.say(f"MC,BO,1,{A}")) == []
        cabinet.say(FULL)
        assert emitted(cabinet.say(f"MC,BO,1,{A}")) == ["borrowed"]
        cabinet.say(f"MC,RO,1,{A}")
        cabinet.say(FULL)
        assert emitted(cabinet.say(f"MC,RO,1,{A}")) == []
        cabinet.say(WITHOUT_A)
        assert emitted(cabinet.say(f"MC,RO,1,{A}")) == ["returned"]

    def test_a_new_attempt_makes_the_same_failure_news(self, cabinet: Cabinet) -> None:
        cabinet.say(f"MR,RF,2,{B}")
        cabinet.say(f"MQ,2,{B}")
        assert emitted(cabinet.say(f"MR,RF,2,{B}")) == ["return_failed"]
        cabinet.say(f"MR,BF,1,{A}")
        cabinet.ask("borrow", slot=1, bank=A)
        assert emitted(cabinet.say(f"MR,BF,1,{A}")) == ["borrow_failed"]


class TestReturning:
    def test_a_bank_of_ours_is_let_in(self, cabinet: Cabinet) -> None:
        effects = cabinet.say(f"MQ,2,{B}")
        assert [type(effect) for effect in effects] == [Emit, Ask]
        assert effects[-1] == Ask(WantBank(2, B))
        answered = cabinet.session.answer(WantBank(2, B), BankKnown(ours=True), cabinet.now)
        assert (emitted(answered), sent(answered)) == ([], [f"RQ,T,2,{B}"])

    @pytest.mark.parametrize("answer", [BankKnown(ours=False), None])
    def test_another_one_is_refused_and_somebody_told(
        self, cabinet: Cabinet, answer: BankKnown | None
    ) -> None:
        cabinet.say(f"MQ,2,{B}")
        answered = cabinet.session.answer(WantBank(2, B), answer, cabinet.now)
        assert [type(effect) for effect in answered] == [Emit, Send]
        assert (emitted(answered), sent(answered)) == (["bank_unknown"], [f"RQ,F,2,{B}"])


class TestBorrowing:
    def test_success(self, cabinet: Cabinet) -> None:
        effects = cabinet.ask("borrow", slot=1, bank=A)
        assert sent(effects) == [f"CC,BW,1,{A}"]
        assert effects[-1] == WakeAt(START + seconds(BORROW_WITHIN_S))
        done = cabinet.say(f"MC,BO,1,{A}")
        assert settled(done) == [("borrow", State.SUCCEEDED, False)]
        assert sent(done) == [f"AM,BO,1,{A}"]
        kinds = [type(effect).__name__ for effect in done]
        assert kinds[:3] == ["Emit", "Settle", "Send"]

    def test_failure(self, cabinet: Cabinet) -> None:
        cabinet.ask("borrow", slot=1, bank=A)
        failed = cabinet.say(f"MR,BF,1,{A}")
        assert settled(failed) == [("borrow", State.FAILED, False)]
        assert sent(failed) == [f"AR,BF,1,{A}"]

    @pytest.mark.parametrize("other", [f"MC,BO,2,{A}", f"MC,BO,1,{B}", f"MC,RO,1,{A}", f"MR,RF,1,{A}", FULL])
    def test_other_reports_do_not_end_it(self, cabinet: Cabinet, other: str) -> None:
        cabinet.ask("borrow", slot=1, bank=A)
        assert settled(cabinet.say(other)) == []

    def test_only_one_at_a_time(self, cabinet: Cabinet) -> None:
        cabinet.ask("borrow", slot=1, bank=A)
        second = cabinet.ask("borrow", "second", slot=2, bank=B)
        assert (settled(second), sent(second)) == ([("second", State.REJECTED, False)], [])

    def test_silence_is_unknown_and_the_slots_are_looked_at(self, cabinet: Cabinet) -> None:
        cabinet.ask("borrow", slot=1, bank=A)
        silent = cabinet.wait(BORROW_WITHIN_S)
        assert settled(silent) == [("borrow", State.UNKNOWN, False)]
        assert sent(silent) == ["CQ"]

    def test_it_is_never_sent_twice(self, cabinet: Cabinet) -> None:
        cabinet.ask("borrow", slot=1, bank=A)
        later = [cabinet.wait(BORROW_WITHIN_S) for _ in range(20)]
        assert {content for effects in later for content in sent(effects)} == {"CQ"}

    def test_an_inventory_with_the_bank_in_its_slot_settles_it(self, cabinet: Cabinet) -> None:
        cabinet.ask("borrow", slot=1, bank=A)
        cabinet.wait(BORROW_WITHIN_S)
        assert settled(cabinet.say(FULL)) == [("borrow", State.FAILED, True)]

    def test_an_inventory_without_the_bank_proves_nothing(self, cabinet: Cabinet) -> None:
        cabinet.ask("borrow", slot=1, bank=A)
        cabinet.wait(BORROW_WITHIN_S)
        assert settled(cabinet.say(WITHOUT_A)) == []
        assert settled(cabinet.say(f"MC,BO,1,{A}")) == [("borrow", State.SUCCEEDED, True)]

    def test_a_slot_in_doubt_is_left_alone_until_it_was_looked_at(self, cabinet: Cabinet) -> None:
        cabinet.ask("borrow", slot=1, bank=A)
        cabinet.wait(BORROW_WITHIN_S)
        assert settled(cabinet.ask("borrow", "again", slot=1, bank=A)) == [("again", State.REJECTED, False)]
        cabinet.say("AQ,1.ER;2.EM;3.EM")
        assert settled(cabinet.ask("borrow", "again", slot=1, bank=A)) == [("again", State.REJECTED, False)]
        cabinet.say(f"AQ,1.FU.{B};2.EM;3.EM")
        assert sent(cabinet.ask("borrow", "again", slot=1, bank=B)) == [f"CC,BW,1,{B}"]

    def test_another_slot_may_be_used_meanwhile(self, cabinet: Cabinet) -> None:
        cabinet.ask("borrow", slot=1, bank=A)
        cabinet.wait(BORROW_WITHIN_S)
        assert sent(cabinet.ask("borrow", "other", slot=2, bank=B)) == [f"CC,BW,2,{B}"]

    def test_a_repeated_success_settles_nothing_twice(self, cabinet: Cabinet) -> None:
        cabinet.ask("borrow", slot=1, bank=A)
        cabinet.say(f"MC,BO,1,{A}")
        again = cabinet.say(f"MC,BO,1,{A}")
        assert (emitted(again), settled(again), sent(again)) == ([], [], [f"AM,BO,1,{A}"])


class TestLostConnection:
    def test_in_mid_borrow_the_outcome_is_unknown(self, cabinet: Cabinet) -> None:
        cabinet.ask("borrow", slot=1, bank=A)
        lost = cabinet.lose()
        assert (settled(lost), sent(lost)) == ([("borrow", State.UNKNOWN, False)], [])

    def test_a_cabinet_that_is_back_is_asked_not_ordered(self) -> None:
        cabinet = unknown()
        effects = [*cabinet.say("CH"), *cabinet.wait(0), *cabinet.say(WITHOUT_A), *cabinet.wait(3600)]
        assert set(sent(effects)) == {"CQ"}

    def test_a_late_success_as_the_very_first_word(self) -> None:
        effects = unknown().say(f"MC,BO,1,{A}")
        assert settled(effects) == [("borrow", State.SUCCEEDED, True)]
        assert (emitted(effects), sent(effects)) == (["borrowed"], [f"AM,BO,1,{A}"])

    @pytest.mark.parametrize(
        ("report", "state"), [(f"MC,BO,1,{A}", State.SUCCEEDED), (f"MR,BF,1,{A}", State.FAILED)]
    )
    def test_a_late_word_after_an_inventory(self, report: str, state: State) -> None:
        cabinet = unknown()
        cabinet.say("CH")
        cabinet.say(WITHOUT_A)
        assert settled(cabinet.say(report)) == [("borrow", state, True)]

    def test_an_inventory_while_the_cabinet_may_be_at_work_proves_nothing(self) -> None:
        cabinet = unknown()
        cabinet.now += seconds(5)
        cabinet.say("CH")
        cabinet.wait(0)
        assert settled(cabinet.say(FULL)) == []
        assert sent(cabinet.wait(BORROW_WITHIN_S - 6)) == []
        assert sent(cabinet.wait(1)) == ["CQ"]
        assert settled(cabinet.say(FULL)) == [("borrow", State.FAILED, True)]

    def test_an_unanswered_question_is_asked_again_soon(self) -> None:
        cabinet = unknown()
        cabinet.now += seconds(1000)
        cabinet.say("CH")
        assert sent(cabinet.wait(0)) == ["CQ"]
        assert sent(cabinet.wait(15)) == ["CQ"]
        cabinet.say(FULL)
        assert sent(cabinet.wait(15)) == ["CQ"]
        assert sent(cabinet.wait(15)) == []

    def test_nobody_knows_when_it_was_sent(self) -> None:
        cabinet = unknown(sent_at=None)
        cabinet.say("CH")
        assert settled(cabinet.say(FULL)) == []
        cabinet.wait(BORROW_WITHIN_S)
        assert settled(cabinet.say(FULL)) == [("borrow", State.FAILED, True)]

    def test_what_another_slot_says_is_not_about_it(self) -> None:
        cabinet = unknown()
        assert settled(cabinet.say(f"MC,BO,2,{B}")) == []
        assert settled(cabinet.say(f"MC,BO,1,{B}")) == []


def test_a_copy_goes_on_as_the_original(cabinet: Cabinet) -> None:
    twin = copy.deepcopy(cabinet)
    assert twin.ask("borrow", slot=1, bank=A) == cabinet.ask("borrow", slot=1, bank=A)
    assert twin.say(f"MC,BO,1,{A}") == cabinet.say(f"MC,BO,1,{A}")
