from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocols.jimi import printed as p
from tests.protocols.jimi.talk import IMEI, NOW, command, known, packet, receive, reply, upload_notice
from wayside.model.commands import Command, State
from wayside.model.instant import seconds
from wayside.protocol.base import Side
from wayside.protocol.effects import Close, Emit, Identify, Send, Settle, WakeAt
from wayside.protocol.questions import OpenCommand, Registration
from wayside.protocol.session import Setup
from wayside.protocols.jimi import codes
from wayside.protocols.jimi.commands import CAPABILITIES, FILE_WITHIN_S
from wayside.protocols.jimi.frames import JimiFramer, seal
from wayside.protocols.jimi.session import ANOTHER_IMEI, NO_IMEI, NO_LOGIN, JimiSession
from wayside.wire.errors import DecodeError


def test_a_login_is_announced_stored_and_then_answered_as_printed() -> None:
    session = JimiSession(Setup())
    assert session.connected(NOW) == []
    identify, emit, send = receive(session, p.LOGIN.raw)
    assert identify == Identify(IMEI)
    assert isinstance(emit, Emit)
    assert send == Send(p.LOGIN_ANSWER.raw, "login_answer", courtesy=True)


def test_a_heartbeat_is_answered_as_printed() -> None:
    emit, send = receive(known(), p.HEARTBEAT.raw)
    assert isinstance(emit, Emit)
    assert send == Send(p.HEARTBEAT_ANSWER.raw, "heartbeat_answer", courtesy=True)


def test_a_location_is_answered_as_printed_once_it_is_stored() -> None:
    emit, send = known().receive(packet(codes.LOCATION, p.LOCATION.raw[4:-6], 0x0123), NOW)
    assert isinstance(emit, Emit)
    assert send == Send(p.LOCATION_ANSWER.raw, "location_answer")


def test_peripherals_are_answered_as_printed() -> None:
    content = bytes.fromhex("651167a3 0001 02 0006")
    emit, send = known().receive(packet(codes.PERIPHERALS, content, 0x1122), NOW)
    assert isinstance(emit, Emit)
    assert send == Send(p.PERIPHERALS_ANSWER.raw, "peripherals_answer")


@pytest.mark.parametrize("printed", p.FROM_DEVICE, ids=lambda printed: printed.name)
def test_only_what_the_document_says_is_answered_and_never_before_its_event(printed: p.Printed) -> None:
    effects = receive(known(), printed.raw)
    kinds = [type(effect) for effect in effects]
    answered = printed.raw[3 if printed.raw[0] == 0x78 else 4] in codes.ANSWERED
    assert kinds.count(Send) == answered
    assert kinds.count(Emit) >= 1
    if answered:
        assert kinds[-1] is Send
        send = effects[-1]
        assert isinstance(send, Send)
        (answer,) = JimiFramer(Side.SERVER).feed(send.data)
        assert (answer.name, getattr(answer, "serial", None)) == (f"{printed.name}_answer", printed.serial)  # type: ignore[union-attr]  # a bad frame has no name
        assert send.courtesy is (printed.name in {"login", "heartbeat"})


@pytest.mark.parametrize(
    "printed", [one for one in p.FROM_DEVICE if one is not p.LOGIN], ids=lambda one: one.name
)
def test_nothing_is_heard_before_a_login(printed: p.Printed) -> None:
    assert receive(JimiSession(Setup()), printed.raw) == [Close(NO_LOGIN)]


def test_the_same_login_again_is_answered_and_another_closes() -> None:
    session = JimiSession(Setup())
    receive(session, p.LOGIN.raw)
    emit, send = receive(session, p.LOGIN.raw)
    assert isinstance(emit, Emit)
    assert isinstance(send, Send)
    other = packet(codes.LOGIN, bytes.fromhex("0353376110008882 7000 3201"))
    assert session.receive(other, NOW) == [Close(ANOTHER_IMEI)]


def test_a_terminal_id_of_sixteen_digits_is_no_imei() -> None:
    wrong = packet(codes.LOGIN, bytes.fromhex("1353376110008882 7000 3201"))
    assert JimiSession(Setup()).receive(wrong, NOW) == [Close(NO_IMEI)]


def test_an_unknown_packet_is_passed_over() -> None:
    assert known().receive(packet(0xA5, b"\x01"), NOW) == []


def test_content_that_is_cut_short_raises_and_changes_nothing() -> None:
    session = JimiSession(Setup())
    with pytest.raises(DecodeError):
        session.receive(packet(codes.LOGIN, b"\x07\x52"), NOW)
    assert receive(session, p.LOGIN.raw)[0] == Identify(IMEI)


def test_a_command_is_sent_as_printed() -> None:
    wanted = command("version")
    send, wake = known().execute(wanted, NOW)
    assert isinstance(send, Send)
    assert (send.message, send.command, send.courtesy) == ("command", wanted.id, False)
    assert send.data == seal(
        codes.COMMAND, b"\x0b" + wanted.number.to_bytes(4) + b"VERSION\x00\x02", wanted.number & 0xFFFF
    )
    assert wake == WakeAt(NOW + seconds(30))


def test_a_reply_settles_its_command_and_no_other() -> None:
    session = known()
    first, second = command("version"), command("status")
    session.execute(first, NOW)
    session.execute(second, NOW + 1)
    emit, settle, wake = session.receive(reply(second.number, b"[STATUS] ok"), NOW + 2)
    assert isinstance(emit, Emit)
    assert settle == Settle(second.id, State.SUCCEEDED, "", {"reply.text": "[STATUS] ok"})
    assert wake == WakeAt(NOW + seconds(30))


def test_a_reply_to_nobody_is_only_an_event() -> None:
    session = known()
    assert [type(effect) for effect in session.receive(reply(7, b"x"), NOW)] == [Emit]
    session.execute(command("version"), NOW)
    assert [type(effect) for effect in session.receive(reply(7, b"x"), NOW)] == [Emit]


def test_a_reply_counts_once() -> None:
    session = known()
    wanted = command("version")
    session.execute(wanted, NOW)
    session.receive(reply(wanted.number, b"x"), NOW)
    assert [type(effect) for effect in session.receive(reply(wanted.number, b"x"), NOW)] == [Emit]


def test_a_refusal_rejects() -> None:
    session = known()
    wanted = command("relay", on=True)
    session.execute(wanted, NOW)
    _, settle, _ = session.receive(reply(wanted.number, b"[RELAY] Error: speed"), NOW)
    assert settle == Settle(
        wanted.id, State.REJECTED, "[RELAY] Error: speed", {"reply.text": "[RELAY] Error: speed"}
    )


SILENCE = [
    ("version", {}, State.TIMED_OUT),
    ("timer", {"arguments": "10"}, State.TIMED_OUT),
    ("relay", {"on": True}, State.UNKNOWN),
    ("reboot", {}, State.UNKNOWN),
    ("text", {"text": "HELLO"}, State.UNKNOWN),
    ("set_server", {"host": "a.example", "port": 1}, State.UNKNOWN),
]


@pytest.mark.parametrize(("capability", "parameters", "state"), SILENCE)
def test_silence(capability: str, parameters: dict[str, object], state: State) -> None:
    session = known()
    wanted = command(capability, **parameters)
    session.execute(wanted, NOW)
    assert session.wake(NOW + seconds(29)) == [WakeAt(NOW + seconds(30))]
    settle, wake = session.wake(NOW + seconds(30))
    assert isinstance(settle, Settle)
    assert (settle.command, settle.state) == (wanted.id, state)
    assert wake == WakeAt(None)
    assert session.disconnected(NOW + seconds(31)) == []


@pytest.mark.parametrize(("capability", "parameters", "state"), SILENCE)
def test_a_connection_that_ends(capability: str, parameters: dict[str, object], state: State) -> None:
    session = known()
    wanted = command(capability, **parameters)
    session.execute(wanted, NOW)
    (settle,) = session.disconnected(NOW + 1)
    assert isinstance(settle, Settle)
    assert (settle.command, settle.state) == (wanted.id, state)


@pytest.mark.parametrize(("text", "state"), [(b"OK", State.SUCCEEDED), (b"Error", State.FAILED)])
def test_a_late_reply_is_honoured(text: bytes, state: State) -> None:
    session = known()
    wanted = command("relay", on=False)
    session.execute(wanted, NOW)
    session.wake(NOW + seconds(30))
    _, settle, _ = session.receive(reply(wanted.number, text), NOW + seconds(90))
    assert isinstance(settle, Settle)
    assert (settle.command, settle.state, settle.late) == (wanted.id, state, True)


def test_a_late_reply_on_the_next_connection_is_honoured() -> None:
    wanted = command("relay", on=False)
    session = JimiSession(Setup())
    identify, *_ = receive(session, p.LOGIN.raw)
    assert isinstance(identify, Identify)
    still_open = OpenCommand(wanted.id, wanted.number, wanted.capability, wanted.parameters, State.UNKNOWN)
    assert session.answer(identify, Registration(accepted=True, open_commands=(still_open,)), NOW) == []
    _, settle, _ = session.receive(reply(wanted.number, b"OK"), NOW)
    assert isinstance(settle, Settle)
    assert (settle.command, settle.state, settle.late) == (wanted.id, State.SUCCEEDED, True)


FILES = ["picture", "video", "file_list", "history_video", "event_video"]


def asked_for(capability: str) -> tuple[JimiSession, Command]:
    """A session whose camera was asked for a file."""
    session = known()
    of_a_time = capability in {"history_video", "event_video"}
    wanted = command(capability, **({"time": "2026-01-02T03:04:05"} if of_a_time else {}))
    session.execute(wanted, NOW)
    return session, wanted


def acknowledged(capability: str) -> tuple[JimiSession, Command]:
    """Likewise, and it has replied, a second later."""
    session, wanted = asked_for(capability)
    _, settle, wake = session.receive(reply(wanted.number, b"video"), NOW + seconds(1))
    assert settle == Settle(wanted.id, State.ACKNOWLEDGED, "", {"reply.text": "video"})
    assert wake == WakeAt(NOW + seconds(1 + FILE_WITHIN_S[capability]))
    return session, wanted


def test_what_ends_with_a_file_says_so() -> None:
    ends = [one.name for one in CAPABILITIES if one.file_within_s is not None]
    assert ends == FILES
    assert list(FILE_WITHIN_S) == FILES


@pytest.mark.parametrize("capability", FILES)
def test_a_reply_only_acknowledges_what_ends_with_a_file(capability: str) -> None:
    session, wanted = acknowledged(capability)
    due = NOW + seconds(1 + FILE_WITHIN_S[capability])
    assert session.wake(due - 1) == [WakeAt(due)]
    settle, wake = session.wake(due)
    assert settle == Settle(wanted.id, State.TIMED_OUT, "no file in time")
    assert wake == WakeAt(None)


def test_a_reply_that_comes_again_does_not_acknowledge_again() -> None:
    session, wanted = acknowledged("picture")
    again = session.receive(reply(wanted.number, b"picture"), NOW + seconds(2))
    assert [type(effect) for effect in again] == [Emit]
    assert session.wake(NOW + seconds(3)) == [WakeAt(NOW + seconds(1 + FILE_WITHIN_S["picture"]))]


def test_a_refusal_rejects_what_would_have_ended_with_a_file() -> None:
    session, wanted = asked_for("history_video")
    _, settle, wake = session.receive(reply(wanted.number, b"Error: no such file"), NOW)
    text = "Error: no such file"
    assert settle == Settle(wanted.id, State.REJECTED, text, {"reply.text": text})
    assert wake == WakeAt(None)


def test_a_refusal_behind_the_first_reply_is_a_failure() -> None:
    session, wanted = acknowledged("history_video")
    _, settle, wake = session.receive(reply(wanted.number, b"Fail: card removed"), NOW + seconds(9))
    text = "Fail: card removed"
    assert settle == Settle(wanted.id, State.FAILED, text, {"reply.text": text})
    assert wake == WakeAt(None)


def test_a_late_reply_leaves_it_to_the_file_and_a_late_refusal_does_not() -> None:
    for text, settled in ((b"picture", None), (b"Error: busy", State.FAILED)):
        session, wanted = asked_for("picture")
        session.wake(NOW + seconds(60))
        effects = session.receive(reply(wanted.number, text), NOW + seconds(90))
        states = [effect.state for effect in effects if isinstance(effect, Settle)]
        assert states == ([settled] if settled else [])


def test_a_reply_on_the_next_connection_leaves_it_to_the_file() -> None:
    wanted = command("picture")
    session = known()
    still_open = OpenCommand(wanted.id, wanted.number, wanted.capability, wanted.parameters, State.TIMED_OUT)
    session.answer(Identify(IMEI), Registration(accepted=True, open_commands=(still_open,)), NOW)
    assert [type(effect) for effect in session.receive(reply(wanted.number, b"picture"), NOW)] == [Emit]


def test_a_connection_that_ends_before_the_file_leaves_it_timed_out() -> None:
    session, wanted = acknowledged("video")
    assert session.disconnected(NOW + seconds(2)) == [
        Settle(wanted.id, State.TIMED_OUT, "the connection ended before the file came")
    ]


def test_a_file_that_the_camera_says_it_uploads_settles_nothing_but_is_told_when_none_comes() -> None:
    session, _ = acknowledged("picture")
    names = "a.jpg,b.jpg"
    effects = session.receive(upload_notice(names), NOW + seconds(3))
    assert [type(effect) for effect in effects] == [Emit]
    settle, _ = session.wake(NOW + seconds(1 + FILE_WITHIN_S["picture"]))
    assert isinstance(settle, Settle)
    assert settle.detail == "no file in time, although the camera said that it uploads a.jpg, b.jpg"


def test_no_notice_of_an_upload_makes_a_detail_long_or_stays_for_the_next_command() -> None:
    session, _ = acknowledged("picture")
    session.receive(upload_notice(",".join(f"{n}.jpg" for n in range(30)) + ",x" * 50), NOW)
    settle, _ = session.wake(NOW + seconds(1 + FILE_WITHIN_S["picture"]))
    assert isinstance(settle, Settle)
    assert len(settle.detail) < 300
    later = NOW + seconds(3600)
    session.receive(upload_notice("c.jpg"), later)
    wanted = command("picture")
    session.execute(wanted, later)
    session.receive(reply(wanted.number, b"picture"), later)
    settle, _ = session.wake(later + seconds(FILE_WITHIN_S["picture"]))
    assert isinstance(settle, Settle)
    assert settle.detail == "no file in time"


def test_an_idle_session_holds_no_containers() -> None:
    session = JimiSession(Setup())
    receive(session, p.LOGIN.raw)
    session.answer(Identify(IMEI), Registration(accepted=True), NOW)
    receive(session, p.LOCATION.raw)
    assert session.wake(NOW) == []
    assert session.disconnected(NOW) == []
    assert session._pending is None
    assert not hasattr(session, "__dict__")


@given(st.lists(st.tuples(st.sampled_from(sorted(codes.DEVICE_NAMES)), st.binary(max_size=60)), max_size=8))
def test_no_packet_upsets_a_session(packets: list[tuple[int, bytes]]) -> None:
    session = JimiSession(Setup())
    receive(session, p.LOGIN.raw)
    for code, body in packets:
        try:
            effects = session.receive(packet(code, body), NOW)
        except DecodeError:
            continue
        sends = [number for number, effect in enumerate(effects) if isinstance(effect, Send)]
        assert sends in ([], [len(effects) - 1])
        assert not sends or any(isinstance(effect, Emit) for effect in effects)
