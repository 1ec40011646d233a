"""Keys, identity, questions and changes."""

from __future__ import annotations

import pytest

from tests.protocols.parking_lock.ble.links import (
    ADDRESS,
    AUTO,
    COVER,
    IMEI,
    KEY,
    LOCKED,
    START,
    VERIFIED,
    Lock,
    emitted,
    frames,
    sent,
    settled,
    status,
)
from wayside.model.commands import Command, NoParameters, State
from wayside.model.errors import CommandError, ConfigError
from wayside.model.instant import seconds
from wayside.protocol.base import Transport
from wayside.protocol.effects import Close, Effects, Emit, Identify, Send, Settle, WakeAt
from wayside.protocol.questions import OpenCommand
from wayside.protocol.session import Setup
from wayside.protocols.parking_lock import PROTOCOL
from wayside.protocols.parking_lock.ble import messages as m
from wayside.protocols.parking_lock.ble.commands import ANSWER_WITHIN_S
from wayside.protocols.parking_lock.ble.link import GATT
from wayside.protocols.parking_lock.ble.options import POLL_INTERVAL_S, options_from
from wayside.protocols.parking_lock.ble.session import COMPLAINTS_MAX, VERIFIED_WITHIN_S
from wayside.protocols.parking_lock.session import ParkingLockSession

SUCCEEDED, FAILED, UNKNOWN = (State.SUCCEEDED, False), (State.FAILED, False), (State.UNKNOWN, False)
TIMED_OUT, UNCONFIRMED = (State.TIMED_OUT, False), (State.UNCONFIRMED, False)


def ready(**options: str) -> Lock:
    lock = Lock(**options)
    lock.connect()
    return lock


def closed(effects: Effects) -> list[str]:
    return [effect.reason for effect in effects if isinstance(effect, Close)]


def values(effects: Effects) -> list[object]:
    return [effect.event.values for effect in effects if isinstance(effect, Emit)]


# Keys.


def test_the_device_key_is_shown_at_once_and_waited_for() -> None:
    lock = Lock()
    shown = lock.session.connected(START)
    assert sent(shown) == [m.Verify(b"OmniW4GX")]
    assert [frame.key for frame in frames(shown)] == [0]
    assert shown[-1] == WakeAt(START + seconds(VERIFIED_WITHIN_S))
    assert closed(lock.wait(VERIFIED_WITHIN_S)) == ["the lock does not answer the device key"]


def test_the_key_that_the_lock_gives_is_used_from_then_on() -> None:
    lock = Lock()
    lock.session.connected(START)
    (frame,) = frames(lock.say(VERIFIED))
    assert (frame.command, frame.key) == (0x31, KEY)


def test_every_frame_has_a_rand_of_its_own() -> None:
    lock = ready()
    assert len({frame.rand for _ in range(20) for frame in frames(lock.ask("status"))}) > 10


@pytest.mark.parametrize(("options", "default"), [({}, True), ({"device_key": "a2345678"}, False)])
def test_the_factory_key_is_flagged(options: dict[str, str], default: bool) -> None:  # noqa: FBT001 - a parameter of the test
    lock = Lock(**options)
    assert sent(lock.session.connected(START)) == [m.Verify(options.get("device_key", "OmniW4GX").encode())]
    assert values(lock.say(VERIFIED)) == [{"device.key.default.status": default}]


def test_a_refused_device_key_ends_the_connection_and_what_waits() -> None:
    lock = Lock()
    lock.session.connected(START)
    assert lock.ask("unlock") == []
    refused = lock.say(m.Verified(0, 0))
    assert settled(refused) == [(State.REJECTED, False)]
    assert closed(refused) == ["the lock refuses the device key"]


def test_commands_that_come_early_wait_for_the_key() -> None:
    lock = Lock()
    lock.session.connected(START)
    assert lock.ask("unlock") == []
    assert m.Unlock(1, 7, START // 1_000_000) in sent(lock.say(VERIFIED))


def test_a_command_on_a_silent_link_shows_the_device_key_first() -> None:
    lock = Lock()
    (send, _) = lock.ask("unlock")
    assert isinstance(send, Send)
    assert (send.message, send.command) == ("verify", "unlock")
    assert settled(lock.lose()) == [FAILED]


def test_a_lock_that_has_forgotten_its_key_is_shown_the_device_key_again() -> None:
    lock = ready()
    asked = lock.ask("status")
    assert sent(asked) == [m.StatusRequest()]
    refused = lock.say(m.Complaint(m.Reason.NO_KEY))
    assert settled(refused) == [FAILED]
    assert sent(refused) == [m.Verify(b"OmniW4GX")]
    lock.say(m.Verified(1, 0x77))
    assert [frame.key for frame in frames(lock.ask("status"))] == [0x77]


def test_a_lock_that_never_knows_its_key_is_given_up() -> None:
    lock = ready()
    effects: Effects = []
    for _ in range(COMPLAINTS_MAX + 1):
        effects += lock.say(m.Complaint(m.Reason.WRONG_KEY))
        effects += lock.say(VERIFIED)
    assert closed(effects) == ["the lock refuses the key that it gave"]


def test_an_answer_to_no_question_changes_no_key() -> None:
    lock = ready()
    lock.say(m.Verified(1, 0x77))
    assert [frame.key for frame in frames(lock.ask("status"))] == [KEY]
    assert closed(lock.say(m.Verified(0, 0))) == []


# Identity.


def test_a_known_lock_is_asked_how_it_is_one_question_at_a_time() -> None:
    lock = Lock()
    lock.session.connected(START)
    assert sent(lock.say(VERIFIED)) == [m.StatusRequest()]
    assert sent(lock.say(status(LOCKED))) == [m.CoverRequest()]
    assert sent(lock.say(COVER)) == [m.AddressRequest()]
    told = lock.say(ADDRESS)
    assert values(told) == [{"bluetooth.mac": "E7:0F:B7:FD:A6:74"}]
    assert sent(told) == []


def test_an_unknown_lock_tells_its_imei() -> None:
    lock = Lock(ident=None)
    lock.session.connected(START)
    verified = lock.say(VERIFIED)
    assert emitted(verified) == []
    assert sent(verified) == [m.InformationRequest()]
    told = lock.tell()
    assert [effect.ident for effect in told if isinstance(effect, Identify)] == [IMEI]
    assert emitted(told) == ["verify", "information"]
    assert sent(told)[-1] == m.StatusRequest()


def test_an_unknown_lock_without_an_imei_is_known_by_its_address() -> None:
    lock = Lock(ident=None)
    lock.session.connected(START)
    lock.say(VERIFIED)
    assert sent(lock.tell("APN:CMNET,IMEI:,"))[-1] == m.AddressRequest()
    told = lock.say(ADDRESS)
    assert [effect.ident for effect in told if isinstance(effect, Identify)] == ["E70FB7FDA674"]
    assert emitted(told) == ["verify", "information", "address"]


def test_commands_wait_until_it_is_known_who_it_is() -> None:
    lock = Lock(ident=None)
    lock.session.connected(START)
    lock.say(VERIFIED)
    assert lock.ask("find") == []
    assert m.Find() in sent(lock.tell())


@pytest.mark.parametrize("answer", [m.Address(0, bytes(6)), None])
def test_a_lock_that_does_not_say_who_it_is_is_left(answer: m.Address | None) -> None:
    lock = Lock(ident=None)
    lock.session.connected(START)
    lock.say(VERIFIED)
    lock.tell("APN:CMNET,")
    effects = lock.wait(ANSWER_WITHIN_S) if answer is None else lock.say(answer)
    assert closed(effects) == ["the lock does not say who it is"]


def test_a_lock_that_does_not_send_its_information_is_left() -> None:
    lock = Lock(ident=None)
    lock.session.connected(START)
    lock.say(VERIFIED)
    effects = [effect for _ in range(5) for effect in lock.wait(1)]
    assert sent(effects) == [m.InformationRequest()] * 4
    assert closed(effects) == ["the lock does not say who it is"]


# Asking now and then.


def test_the_state_is_asked_for_now_and_then() -> None:
    lock = ready()
    assert sent(lock.wait(POLL_INTERVAL_S - 1)) == []
    assert sent(lock.wait(1)) == [m.StatusRequest()]
    assert sent(lock.say(status(LOCKED))) == [m.CoverRequest()]


def test_a_question_without_an_answer_does_not_stop_the_next() -> None:
    lock = Lock()
    lock.session.connected(START)
    lock.say(VERIFIED)
    assert sent(lock.wait(ANSWER_WITHIN_S)) == [m.CoverRequest()]


# Questions.


@pytest.mark.parametrize(
    ("capability", "question", "answer"),
    [
        ("status", m.StatusRequest(), status(LOCKED)),
        ("cover", m.CoverRequest(), COVER),
        ("address", m.AddressRequest(), ADDRESS),
    ],
)
def test_a_question_and_its_answer(capability: str, question: m.Find, answer: m.Cover) -> None:
    lock = ready()
    assert sent(lock.ask(capability)) == [question]
    answered = lock.say(answer)
    assert settled(answered) == [SUCCEEDED]
    assert [e.values for e in answered if isinstance(e, Settle)] == values(answered)

    lock.ask(capability)
    assert settled(lock.wait(ANSWER_WITHIN_S)) == [TIMED_OUT]
    assert settled(lock.say(answer)) == [(State.SUCCEEDED, True)]

    lock.ask(capability)
    assert settled(lock.lose()) == [FAILED]


@pytest.mark.parametrize("capability", ["information", "version"])
def test_reading_the_information(capability: str) -> None:
    lock = ready()
    assert sent(lock.ask(capability)) == [m.InformationRequest()]
    told = lock.tell()
    assert settled(told) == [SUCCEEDED]
    assert emitted(told) == ["information"]
    (settle,) = [effect for effect in told if isinstance(effect, Settle)]
    assert settle.values["device.firmware.version"] == "80_V6.1.9"


# Changes.

CHANGES = [
    ("find", {}, m.Find(), m.FindAnswer(b"\1")),
    (
        "alarm_sound",
        {"mode": "three_times"},
        m.SetAlarmSound(m.AlarmSound.THREE_TIMES),
        m.SetAlarmSoundAnswer(b"\2"),
    ),
    ("set_bus_address", {"new": 9}, m.SetBusAddress(1, 9), m.SetBusAddressAnswer(b"\1\x09")),
    ("set_device_key", {"device_key": "a2345678"}, m.SetDeviceKey(b"a2345678"), m.SetDeviceKeyAnswer(b"")),
]


@pytest.mark.parametrize(("capability", "parameters", "order", "answer"), CHANGES)
def test_a_change_that_is_answered(
    capability: str, parameters: dict[str, object], order: m.Find, answer: m.FindAnswer
) -> None:
    lock = ready()
    assert sent(lock.order(capability, parameters)) == [order]
    assert settled(lock.say(answer)) == [SUCCEEDED]


@pytest.mark.parametrize(("capability", "parameters", "order", "answer"), CHANGES)
def test_a_change_that_is_not(
    capability: str, parameters: dict[str, object], order: m.Find, answer: m.FindAnswer
) -> None:
    lock = ready()
    lock.order(capability, parameters)
    assert settled(lock.wait(ANSWER_WITHIN_S)) == [UNCONFIRMED]
    assert settled(lock.say(answer)) == [(State.SUCCEEDED, True)]
    lock.say(VERIFIED)  # where a new device key was tried
    lock.order(capability, parameters)
    assert settled(lock.lose()) == [UNKNOWN]


def test_a_zero_is_no_yes() -> None:
    lock = ready()
    lock.ask("find")
    (settle, *_) = lock.say(m.FindAnswer(b"\0\x07"))
    assert isinstance(settle, Settle)
    assert (settle.state, settle.values) == (State.UNCONFIRMED, {"module.data.raw": "0007"})


def test_a_new_device_key_is_shown_next_time() -> None:
    lock = ready()
    lock.ask("set_device_key", device_key="a2345678")
    lock.say(m.SetDeviceKeyAnswer(b"\1"))
    assert sent(lock.say(m.Complaint(m.Reason.NO_KEY))) == [m.Verify(b"a2345678")]


def changing_key() -> Lock:
    """A lock that has let the change of its key pass without a word."""
    lock = ready()
    lock.ask("set_device_key", device_key="a2345678")
    tried = lock.wait(ANSWER_WITHIN_S)
    assert settled(tried) == [UNCONFIRMED]
    assert m.Verify(b"a2345678") in sent(tried)
    return lock


def test_a_new_device_key_that_nobody_answered_is_tried() -> None:
    lock = changing_key()
    taken = lock.say(VERIFIED)
    assert settled(taken) == [(State.SUCCEEDED, True)]
    assert closed(taken) == []
    assert settled(lock.say(m.Complaint(m.Reason.NO_KEY))) == []
    assert settled(lock.say(VERIFIED)) == []


def test_one_that_it_does_not_take_is_told_as_such() -> None:
    refused = changing_key().say(m.Verified(0, 0))
    assert settled(refused) == [(State.FAILED, True)]
    assert closed(refused) == ["the lock refuses the device key"]


def test_an_answer_that_may_mean_no_is_looked_into() -> None:
    lock = ready()
    lock.ask("set_device_key", device_key="a2345678")
    told = lock.say(m.SetDeviceKeyAnswer(b"\0"))
    assert settled(told) == [UNCONFIRMED]
    assert sent(told) == [m.Verify(b"a2345678")]


def test_the_old_key_shown_again_says_nothing_of_the_new_one() -> None:
    lock = ready()
    lock.ask("set_device_key", device_key="a2345678")
    lock.ask("status")
    assert sent(lock.say(m.Complaint(m.Reason.NO_KEY))) == [m.Verify(b"OmniW4GX")]
    assert settled(lock.say(VERIFIED)) == []


def test_automatic_locking_is_read_back() -> None:
    lock = ready()
    assert sent(lock.ask("auto_lock", enabled=True)) == [m.SetAutoLock(1), m.StatusRequest()]
    assert settled(lock.say(status(LOCKED))) == []
    assert sent(lock.say(m.SetAutoLockAnswer(b"\1"))) == [m.StatusRequest()]
    assert settled(lock.say(status(LOCKED | AUTO))) == [SUCCEEDED]


def test_automatic_locking_that_is_read_back_later() -> None:
    lock = ready()
    lock.ask("auto_lock", enabled=True)
    assert UNCONFIRMED in settled(lock.wait(ANSWER_WITHIN_S))
    assert settled(lock.say(status(LOCKED | AUTO))) == [(State.SUCCEEDED, True)]


def test_a_later_wish_takes_the_earlier_ones_place() -> None:
    lock = ready()
    lock.ask("auto_lock", "first", enabled=True)
    lock.wait(ANSWER_WITHIN_S)
    lock.ask("auto_lock", "second", enabled=False)
    done = lock.say(status(LOCKED))
    assert [effect.command for effect in done if isinstance(effect, Settle)] == ["second"]
    assert settled(lock.say(status(AUTO))) == []


def test_a_restart_is_confirmed_by_the_next_connection() -> None:
    lock = ready()
    rebooting = lock.ask("reboot")
    assert sent(rebooting) == [m.Reboot()]
    assert settled(rebooting) == [UNCONFIRMED]
    after = Lock(OpenCommand("reboot", 7, "reboot", NoParameters(), State.UNCONFIRMED, START - 1))
    assert (State.SUCCEEDED, True) in settled(after.connect())
    later = Lock(OpenCommand("reboot", 7, "reboot", NoParameters(), State.UNCONFIRMED, START - seconds(400)))
    assert settled(later.connect()) == []


# What this link cannot carry.


def test_each_link_refuses_what_only_the_other_carries() -> None:
    tcp = ParkingLockSession(Setup(ident=IMEI))
    with pytest.raises(CommandError, match="over BLE only") as refusal:
        tcp.execute(Command("c", 1, "cover", NoParameters()), START)
    assert refusal.value.field == "capability"
    with pytest.raises(CommandError, match="over the network only") as refusal:
        ready().session.execute(Command("c", 1, "telegraph", NoParameters()), START)
    assert refusal.value.field == "capability"
    assert all(link.carries("unlock") for link in PROTOCOL.links)
    assert [link.transport for link in PROTOCOL.links if link.carries("cover")] == [Transport.BLE]


def test_an_empty_change_of_network_is_refused() -> None:
    with pytest.raises(CommandError) as refusal:
        ready().ask("set_network")
    assert refusal.value.field == "parameters.apn"


def test_the_characteristics_are_the_documents() -> None:
    assert GATT.service == "6e400001-b5a3-f393-e0a9-e50e24dcca9e"
    assert (GATT.write[:8], GATT.notify[:8]) == ("6e400002", "6e400003")
    assert [relative.service[:8] for relative in GATT.relatives] == ["6f400001"]


@pytest.mark.parametrize(
    "texts",
    [
        {"device_key": "short"},
        {"device_key": "12345678\x00"},
        {"device_key": "1234567é"},
        {"poll_interval_s": "often"},
        {"poll_interval_s": "nan"},
        {"poll_interval_s": "4"},
        {"poll_interval_s": "301"},
    ],
)
def test_a_wrong_option_is_named(texts: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match=next(iter(texts))):
        options_from(texts)


def test_how_often_is_an_option() -> None:
    lock = ready(poll_interval_s="5")
    assert sent(lock.wait(5)) == [m.StatusRequest()]
