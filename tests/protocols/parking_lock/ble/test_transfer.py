"""Reading and writing in packets (1.8)."""

from __future__ import annotations

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocols.parking_lock.ble.air import INFORMATION, crc16
from tests.protocols.parking_lock.ble.links import START, Lock, sent, settled, transfer
from wayside.model.commands import State
from wayside.model.instant import seconds
from wayside.protocol.effects import Ask, Effects, Settle
from wayside.protocol.questions import FirmwareOffer, WantFirmware
from wayside.protocols.parking_lock.ble import messages as m
from wayside.protocols.parking_lock.ble.transfer import (
    READ_PACKETS_MAX,
    READING_WITHIN_S,
    TRIES_MAX,
    WRITE_BYTES_MAX,
    WRITE_WITHIN_S,
    Reading,
    Writing,
)

SUCCEEDED, FAILED, UNKNOWN = (State.SUCCEEDED, False), (State.FAILED, False), (State.UNKNOWN, False)
TAKEN, UNCONFIRMED, REJECTED = (
    (State.ACKNOWLEDGED, False),
    (State.UNCONFIRMED, False),
    (State.REJECTED, False),
)
FILE = bytes(range(40))


def ready() -> Lock:
    lock = Lock()
    lock.connect()
    return lock


def details(effects: Effects) -> list[str]:
    return [effect.detail for effect in effects if isinstance(effect, Settle)]


# Reading.


def test_a_text_is_put_together() -> None:
    reading = Reading()
    head, packets = transfer(INFORMATION)
    assert reading.begin(START) == [m.InformationRequest()]
    assert reading.hear(head, START) == [m.PacketRequest(0, 0x80)]
    for packet in packets[:-1]:
        assert reading.hear(packet, START) == [m.PacketRequest(packet.index + 1, 0x80)]
    assert reading.hear(packets[-1], START) == []
    assert reading.data is not None
    assert reading.data.rstrip(b"\0").decode() == INFORMATION
    assert (reading.sound, reading.deadline) == (True, None)


@pytest.mark.parametrize(("padded", "sound"), [(True, True), (False, True), (None, False)])
def test_either_sum_of_the_whole_is_accepted(padded: bool | None, sound: bool) -> None:  # noqa: FBT001 - parameters of the test
    text = b"IMEI:862205059210080,"
    crc = {True: crc16(text.ljust(32, b"\0")), False: crc16(text), None: 0xC098}[padded]
    lock = ready()
    lock.ask("information")
    lock.say(m.Transfer(m.Content.INFORMATION, 2, crc, 0x80, 0))
    _, packets = transfer(text.decode())
    told = [effect for packet in packets for effect in lock.say(packet)]
    assert settled(told) == [SUCCEEDED]
    assert details(told) == ["" if sound else "the announced checksum does not fit the text"]


def test_a_packet_that_does_not_come_is_asked_for_five_times() -> None:
    lock = ready()
    lock.ask("information")
    head, packets = transfer(INFORMATION)
    lock.say(head)
    lock.say(packets[0])
    effects = [effect for _ in range(TRIES_MAX) for effect in lock.wait(1)]
    assert sent(effects) == [m.PacketRequest(1, 0x80)] * (TRIES_MAX - 1)
    assert settled(effects) == [(State.TIMED_OUT, False)]


def test_a_packet_that_comes_in_the_end_starts_the_count_anew() -> None:
    reading = Reading()
    head, packets = transfer(INFORMATION)
    reading.begin(START)
    reading.hear(head, START)
    for _ in range(TRIES_MAX - 1):
        assert reading.deadline is not None
        reading.wake(reading.deadline)
    assert reading.hear(packets[0], START) == [m.PacketRequest(1, 0x80)]
    assert reading.wake(START + seconds(1)) == [m.PacketRequest(1, 0x80)]


def test_reading_does_not_go_on_for_ever() -> None:
    reading, at = Reading(), START
    reading.begin(at)
    head, packets = transfer(INFORMATION)
    at += seconds(0.5)
    reading.hear(head, at)
    for packet in packets:
        for _ in range(TRIES_MAX - 1):
            assert reading.over or reading.deadline is not None
            at = reading.deadline or at
            reading.wake(at)
        reading.hear(packet, at)
    assert reading.failure is not None
    assert at == START + seconds(READING_WITHIN_S)


@pytest.mark.parametrize(
    "head",
    [
        m.Transfer(m.Content.FIRMWARE, 2, 0, 0x80, 0),
        m.Transfer(m.Content.INFORMATION, 0, 0, 0x80, 0),
        m.Transfer(m.Content.INFORMATION, READ_PACKETS_MAX + 1, 0, 0x80, 0),
    ],
)
def test_what_cannot_be_read_is_refused(head: m.Transfer) -> None:
    lock = ready()
    lock.ask("information")
    refused = lock.say(head)
    assert sent(refused) == []
    assert settled(refused) == [(State.TIMED_OUT, False)]


@given(st.lists(st.tuples(st.integers(0, 25), st.binary(min_size=16, max_size=16)), max_size=60))
def test_packets_out_of_turn_change_nothing(noise: list[tuple[int, bytes]]) -> None:
    reading = Reading()
    head, packets = transfer(INFORMATION)
    reading.begin(START)
    reading.hear(head, START)
    wrong = iter(noise)
    for packet in packets:
        for index, data in islice(wrong, 3):
            if index != packet.index:
                assert reading.hear(m.Packet(index, data), START) == []
        reading.hear(packet, START)
    assert reading.data is not None
    assert reading.data.rstrip(b"\0").decode() == INFORMATION


# Writing.


def test_a_file_is_announced_and_handed_out_as_asked_for() -> None:
    writing = Writing(m.Content.FIRMWARE, FILE, 0x86)
    assert writing.begin(START) == [m.Transfer(m.Content.FIRMWARE, 3, crc16(FILE + bytes(8)), 0x86, 40)]
    assert stage(writing) == (False, False, False)
    assert writing.hear(m.PacketRequest(0, 0x86), START) == [m.Packet(0, FILE[:16])]
    assert writing.hear(m.PacketRequest(1, 0x86), START) == [m.Packet(1, FILE[16:32])]
    assert writing.hear(m.PacketRequest(1, 0x86), START) == [m.Packet(1, FILE[16:32])]
    assert stage(writing) == (True, False, False)
    assert writing.hear(m.PacketRequest(2, 0x86), START) == [m.Packet(2, FILE[32:] + bytes(8))]
    assert stage(writing) == (True, True, False)
    assert writing.wake(START + seconds(WRITE_WITHIN_S)) == []
    assert stage(writing) == (True, True, True)
    assert writing.failure is None


def stage(writing: Writing) -> tuple[bool, bool, bool]:
    return writing.begun, writing.complete, writing.over


def test_a_lock_may_go_on_where_it_broke_off() -> None:
    writing = Writing(m.Content.FIRMWARE, FILE, 0x86)
    writing.begin(START)
    assert writing.hear(m.PacketRequest(2, 0x86), START) == [m.Packet(2, FILE[32:] + bytes(8))]
    assert writing.complete


def test_a_packet_that_there_is_not_is_not_sent() -> None:
    writing = Writing(m.Content.FIRMWARE, FILE, 0x86)
    writing.begin(START)
    assert writing.hear(m.PacketRequest(3, 0x86), START) == []
    assert not writing.begun


@pytest.mark.parametrize("begun", [False, True])
def test_a_lock_that_asks_for_nothing_is_reminded_five_times(begun: bool) -> None:  # noqa: FBT001 - a parameter of the test
    writing = Writing(m.Content.FIRMWARE, FILE, 0x86)
    last = writing.begin(START)
    if begun:
        last = writing.hear(m.PacketRequest(0, 0x86), START)
    reminders = [writing.wake(START + seconds(WRITE_WITHIN_S * n)) for n in range(1, TRIES_MAX + 1)]
    assert reminders == [last] * (TRIES_MAX - 1) + [[]]
    assert writing.failure == f"the lock asked for no more after {int(begun)} of 3 packets"


def test_a_lock_that_never_gets_enough_is_given_up() -> None:
    writing = Writing(m.Content.FIRMWARE, FILE, 0x86)
    writing.begin(START)
    answers = [writing.hear(m.PacketRequest(1, 0x86), START) for _ in range(TRIES_MAX + 1)]
    assert answers == [[m.Packet(1, FILE[16:32])]] * TRIES_MAX + [[]]
    assert writing.failure is not None


@given(st.binary(min_size=1, max_size=200), st.lists(st.integers(0, 14), max_size=40))
def test_whatever_is_asked_for_is_what_the_file_has_there(data: bytes, indexes: list[int]) -> None:
    writing = Writing(m.Content.FIRMWARE, data, 0x86)
    writing.begin(START)
    for index in indexes:
        for packet in writing.hear(m.PacketRequest(index, 0x86), START):
            assert packet == m.Packet(index, data[16 * index : 16 * index + 16].ljust(16, b"\0"))


# Upgrades.


def offered(data: bytes | None = FILE) -> tuple[Lock, Effects]:
    lock = ready()
    (ask,) = lock.ask("upgrade", firmware="fw-1")
    assert ask == Ask(WantFirmware("upgrade", "fw-1", contents=True))
    offer = FirmwareOffer("http://files.example/1", 40, sum(FILE), data)
    return lock, lock.session.answer(WantFirmware("upgrade", "fw-1", contents=True), offer, lock.now)


def test_an_upgrade_from_file_to_silence() -> None:
    lock, announced = offered()
    assert [type(message) for message in sent(announced)] == [m.Transfer]
    first = lock.say(m.PacketRequest(0, 0x86))
    assert settled(first) == [TAKEN]
    assert settled(lock.say(m.PacketRequest(1, 0x86))) == []
    lock.say(m.PacketRequest(2, 0x86))
    assert settled(lock.wait(WRITE_WITHIN_S)) == [UNCONFIRMED]


def test_an_upgrade_that_breaks_off() -> None:
    lock, _ = offered()
    lock.say(m.PacketRequest(0, 0x86))
    lost = lock.lose()
    assert settled(lost) == [FAILED]
    assert details(lost) == ["the connection ended after 1 of 3 packets"]


def test_an_upgrade_after_which_the_lock_restarts() -> None:
    lock, _ = offered()
    lock.say(m.PacketRequest(2, 0x86))
    assert settled(lock.lose()) == [UNCONFIRMED]


def test_the_device_type_is_the_locks_own() -> None:
    lock = ready()
    lock.ask("information")
    lock.tell()
    lock.ask("upgrade", firmware="fw-1")
    offer = FirmwareOffer("", 40, 0, FILE)
    (head,) = sent(lock.session.answer(WantFirmware("upgrade", "fw-1", contents=True), offer, lock.now))
    assert isinstance(head, m.Transfer)
    assert head.device_type == 0x80


@pytest.mark.parametrize("data", [None, b"", bytes(WRITE_BYTES_MAX + 1)])
def test_a_file_that_cannot_be_sent(data: bytes | None) -> None:
    _, refused = offered(data)
    assert settled(refused) == [REJECTED]
    assert sent(refused) == []


def test_a_file_that_there_is_not() -> None:
    lock = ready()
    lock.ask("upgrade", firmware="fw-1")
    refused = lock.session.answer(WantFirmware("upgrade", "fw-1", contents=True), None, lock.now)
    assert settled(refused) == [REJECTED]


def test_one_transfer_at_a_time() -> None:
    lock, _ = offered()
    assert settled(lock.ask("information")) == [REJECTED]
    assert settled(lock.ask("upgrade", "second", firmware="fw-2")) == [REJECTED]


# Information that is written.


def written(capability: str = "set_server", **parameters: object) -> tuple[Lock, bytes]:
    """A lock that has fetched what it was to be told, and is being read; and what that was."""
    lock = ready()
    (head,) = sent(lock.order(capability, parameters or {"host": "new.example.net", "port": 9682}))
    assert isinstance(head, m.Transfer)
    assert head.content == m.Content.INFORMATION
    effects: Effects = []
    for index in range(head.packets):
        effects += lock.say(m.PacketRequest(index, 0x86))
    text = b"".join(packet.data for packet in sent(effects) if isinstance(packet, m.Packet))
    assert crc16(text) == head.crc
    assert sent(lock.wait(WRITE_WITHIN_S)) == [m.InformationRequest()]
    return lock, text[: head.size]


@pytest.mark.parametrize(
    ("host", "mode"), [("new.example.net", "1"), ("120.24.228.19", "0"), ("999.1.1.1", "1")]
)
def test_what_is_written_for_another_server(host: str, mode: str) -> None:
    _, text = written(host=host, port=9682)
    assert text.decode() == f"IPMODE:{mode},IP:{host},PORT:9682,"


def test_what_is_written_for_another_network() -> None:
    assert written("set_network", apn="iot.example")[1] == b"APN:iot.example,"
    assert written("set_network", pin="1234")[1] == b"PIN:1234,"


@pytest.mark.parametrize(
    ("text", "outcome", "detail"),
    [
        ("IPMODE:1,IP:new.example.net,PORT:9682,", SUCCEEDED, "read back"),
        ("IP:new.example.net,PORT:9682,", UNCONFIRMED, "the lock does not tell its IPMODE"),
        ("IPMODE:1,IP:old.example.net,PORT:9681,", FAILED, "the lock kept its IP, PORT"),
    ],
)
def test_it_is_read_back(text: str, outcome: tuple[State, bool], detail: str) -> None:
    lock, _ = written()
    told = lock.tell(text)
    assert settled(told) == [outcome]
    assert details(told) == [detail]


def test_it_cannot_be_read_back() -> None:
    lock, _ = written()
    effects = [effect for _ in range(TRIES_MAX) for effect in lock.wait(1)]
    assert settled(effects) == [UNCONFIRMED]


def test_the_connection_ends_around_it() -> None:
    assert settled(written()[0].lose()) == [UNKNOWN]
    lock = ready()
    lock.ask("set_server", host="a.b", port=1)
    assert settled(lock.lose()) == [FAILED]
