"""A simulated cabinet and a session, without sockets."""

from __future__ import annotations

import random

import pytest

from tests.harness import Duet, Tamper, byte_by_byte, duplicate
from wayside.model.commands import IN_FLIGHT, Command, NoParameters, State
from wayside.model.vocabulary import complaints
from wayside.protocol.base import Side
from wayside.protocol.imei import is_valid
from wayside.protocol.questions import BankKnown, Question, WantBank
from wayside.protocol.session import Setup
from wayside.protocol.simulator import Behaviour
from wayside.protocols.power_bank.cabinet import Cabinet, bank_numbers
from wayside.protocols.power_bank.commands import BorrowParameters
from wayside.protocols.power_bank.crc import DEFAULT, Crc
from wayside.protocols.power_bank.frames import BraceFramer
from wayside.protocols.power_bank.session import PowerBankSession
from wayside.protocols.power_bank.simulator import STRANGER, PowerBankSimulator

BANKS = bank_numbers(7, 3)


def ours(question: Question) -> BankKnown:
    assert isinstance(question, WantBank)
    return BankKnown(question.bank in BANKS)


def duet(
    *,
    faults: float = 0.0,
    seed: int = 1,
    crc: Crc = DEFAULT,
    options: dict[str, str] | None = None,
    slots: int = 3,
    dotted: bool = False,
) -> Duet:
    simulator = PowerBankSimulator(
        Behaviour(7, faults=faults), random.Random(seed), slots=slots, crc=crc, dotted=dotted
    )
    pair = Duet(
        PowerBankSession(Setup(options=options or {})), simulator, BraceFramer(Side.DEVICE), answer=ours
    )
    pair.connect()
    return pair


def back(pair: Duet) -> None:
    pair.reconnect(PowerBankSession(Setup()), BraceFramer(Side.DEVICE))
    pair.run(5)


def borrow(slot: int, bank: str, number: int = 1) -> Command:
    return Command(f"borrow-{number}", number, "borrow", BorrowParameters(slot, bank))


def messages(pair: Duet) -> list[str]:
    return [event.message for event in pair.events]


def test_idents_are_different_and_valid() -> None:
    idents = {PowerBankSimulator(Behaviour(n), random.Random(n)).ident for n in range(200)}
    assert len(idents) == 200
    assert all(is_valid(ident) for ident in idents)


@pytest.mark.parametrize("slots", [1, 3, 48])
def test_the_inventory_has_every_slot(slots: int) -> None:
    pair = duet(slots=slots)
    pair.run(1)
    states = [name for name in pair.events[0].values if name.endswith(".state")]
    assert len(states) == slots
    assert pair.bad == []


def test_a_query() -> None:
    pair = duet()
    pair.execute(Command("q", 1, "query", NoParameters()))
    pair.run(1)
    assert pair.state("q") is State.SUCCEEDED


@pytest.mark.parametrize("tamper", [byte_by_byte, duplicate])
def test_a_borrowing_over_a_bad_line(tamper: Tamper) -> None:
    pair = duet()
    pair.to_server.tamper = pair.to_device.tamper = tamper
    pair.execute(borrow(1, BANKS[0]))
    pair.run(10)
    assert pair.state("borrow-1") is State.SUCCEEDED
    assert messages(pair).count("borrowed") == 1
    assert pair.bad == []


@pytest.mark.parametrize(("slot", "bank"), [(3, BANKS[2]), (1, BANKS[1]), (9, BANKS[0])])
def test_a_bank_that_is_not_there_cannot_be_borrowed(slot: int, bank: str) -> None:
    pair = duet()
    pair.execute(borrow(slot, bank))
    pair.run(1)
    assert pair.state("borrow-1") is State.FAILED
    assert messages(pair)[-1] == "borrow_failed"


def test_a_bank_comes_back() -> None:
    pair = duet()
    pair.run(1200)
    assert messages(pair).count("returned") == 1
    assert [send.message for send in pair.sent if "inventory" not in send.message] == [
        "bank_known",
        "returned_receipt",
    ]


def test_both_ways_of_refusing_a_return() -> None:
    pair = duet()
    simulator = pair.simulator
    assert isinstance(simulator, PowerBankSimulator)
    for reaction in simulator.offer(3, STRANGER, pair.now):
        pair._react([reaction])
    pair.run(1)
    assert messages(pair)[-2:] == ["bank_query", "bank_unknown"]
    pair._react(simulator.offer(1, BANKS[2], pair.now))
    pair.run(1)
    assert messages(pair)[-2:] == ["bank_query", "return_failed"]
    assert pair.sent[-1].message == "return_failed_receipt"


def test_a_report_is_repeated_until_it_is_acknowledged() -> None:
    pair = duet()
    lost: list[bytes] = []

    def lose_receipts(data: bytes) -> list[bytes]:
        if b",AM," in data and len(lost) < 3:
            lost.append(data)
            return []
        return [data]

    pair.to_device.tamper = lose_receipts
    pair.execute(borrow(1, BANKS[0]))
    pair.run(60)
    receipts = [send.data for send in pair.sent if send.message == "borrowed_receipt"]
    assert receipts == [lost[0]] * 4
    assert messages(pair).count("borrowed") == 1


def test_a_bank_given_out_while_the_line_was_down_is_reported_late() -> None:
    pair = duet()
    pair.execute(borrow(1, BANKS[0]))
    pair.disconnect()
    assert pair.state("borrow-1") is State.UNKNOWN
    pair.run(20)
    back(pair)
    assert pair.state("borrow-1") is State.SUCCEEDED
    assert pair.settled[-1].late


def test_an_order_that_never_arrived_is_settled_by_the_slots() -> None:
    pair = duet()
    pair.to_device.tamper = lambda data: [] if b",CC," in data else [data]
    pair.execute(borrow(1, BANKS[0]))
    pair.disconnect()
    back(pair)
    assert pair.state("borrow-1") is State.UNKNOWN
    pair.run(60)
    assert pair.state("borrow-1") is State.FAILED
    assert sum(b",CC," in send.data for send in pair.sent) == 1


@pytest.mark.parametrize("crc", [Crc("xmodem"), Crc("ccitt-false", "brace-text-comma", "low", "lower")])
def test_a_cabinet_with_another_crc_is_understood_and_served(crc: Crc) -> None:
    pair = duet(crc=crc, options={"crc_mode": "lenient"})
    pair.run(1)
    assert "checksum_learnt" in messages(pair)
    pair.execute(borrow(1, BANKS[0]))
    pair.run(10)
    assert pair.state("borrow-1") is State.SUCCEEDED


def test_a_named_profile_needs_no_learning() -> None:
    pair = duet(crc=Crc("kermit"), options={"crc_profile": "kermit"}, dotted=True)
    pair.run(60)
    assert pair.undecodable == []
    assert set(messages(pair)) == {"inventory"}


def test_banks_charge() -> None:
    cabinet = Cabinet(7, 3, random.Random(1))
    cabinet.take(3, BANKS[2], 0)
    hours = [cabinet.inventory(hour * 3_600_000_000)[2].state for hour in range(5)]
    assert hours[-1] == "FU"
    assert hours[0] in {"EM", "NF"}


@pytest.mark.parametrize("seed", range(5))
def test_a_day_of_a_moody_cabinet(seed: int) -> None:
    pair = duet(faults=0.2, seed=seed)
    for number in range(60):
        if not pair.connected:
            back(pair)
        pair.execute(borrow(1 + number % 3, BANKS[number % 3], number))
        pair.run(900)
    ends = {states[-1] for states in pair.states.values()}
    assert {State.SUCCEEDED, State.FAILED} <= ends
    assert not ends & IN_FLIGHT
    assert not pair.bad
    assert not pair.undecodable
    for event in pair.events:
        assert complaints(event.values) == []
