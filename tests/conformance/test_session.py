"""Sessions: deaf to nonsense, careful with promises, and legal in every step of a command."""

from __future__ import annotations

import copy
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conformance.parameters import parameters_of
from tests.conformance.rig import LINKS, Rig, kinds_of_frames
from tests.harness import START
from wayside.model.commands import IN_FLIGHT, WAITING, Command, NoParameters
from wayside.model.errors import CommandError
from wayside.model.vocabulary import complaints
from wayside.protocol.base import Side
from wayside.protocol.effects import Ask, Effects, Emit, Identify, Send, Settle
from wayside.protocol.framing import AnyFrame, BadFrame
from wayside.protocol.questions import Registration, WantFirmware
from wayside.protocol.session import Session
from wayside.wire.errors import DecodeError

NAMES = [f"{rig.protocol.name}-{rig.link.transport}" for rig in LINKS]


def hear(session: Session, frame: AnyFrame) -> Effects:
    """The effects of a frame, which the session may refuse to understand but must not stumble over."""
    try:
        effects = session.receive(frame, START)
    except DecodeError:
        return []
    for effect in list(effects):
        if isinstance(effect, Identify):
            effects += session.answer(effect, Registration(accepted=True), START)
    return effects


def payloads(frame: msgspec.Struct) -> dict[str, st.SearchStrategy[Any]]:
    """The fields of a frame that its framer lets through unread."""
    return {
        name: st.binary(max_size=80)
        if isinstance(value, bytes)
        else st.lists(st.text(max_size=10), max_size=14)
        for name in frame.__struct_fields__
        if name != "raw" and isinstance(value := getattr(frame, name), bytes | list)
    }


@pytest.mark.parametrize("rig", LINKS, ids=NAMES)
@given(data=st.data())
def test_any_payload_in_any_frame_raises_nothing_but_decode_error(rig: Rig, data: st.DataObject) -> None:
    session = rig.known_session()
    for _ in range(5):
        frame = data.draw(st.sampled_from(kinds_of_frames(rig)))
        changed = {name: data.draw(strategy) for name, strategy in payloads(frame).items()}
        for effect in hear(session, msgspec.structs.replace(frame, **changed)):
            if isinstance(effect, Emit):
                assert complaints(effect.event.values) == [], effect.event


@pytest.mark.parametrize("rig", LINKS, ids=NAMES)
@given(pieces=st.lists(st.binary(max_size=300), max_size=8))
def test_random_bytes_through_framer_and_session(rig: Rig, pieces: list[bytes]) -> None:
    framer, session = rig.framer(), rig.session()
    for piece in pieces:
        for frame in framer.feed(piece):
            if not isinstance(frame, BadFrame):
                hear(session, frame)


@pytest.mark.parametrize("rig", LINKS, ids=NAMES)
@given(order=st.lists(st.integers(0, 1000), max_size=20))
def test_any_frames_in_any_order(rig: Rig, order: list[int]) -> None:
    session, known = rig.session(), kinds_of_frames(rig)
    for number in order:
        hear(session, known[number % len(known)])


@pytest.mark.parametrize("faults", [0.0, 0.3])
def test_every_value_is_in_the_vocabulary(rig: Rig, faults: float) -> None:
    duet = rig.duet(faults=faults)
    duet.run(1800)
    for number, capability in enumerate(rig.capabilities):
        if not duet.connected:
            duet.reconnect(rig.session(), rig.framer())
        duet.execute(rig.command(capability, number))
        duet.run(capability.answer_within_s)
    assert duet.events
    for event in duet.events:
        assert complaints(event.values) == [], event
    for settle in duet.settled:
        assert complaints(settle.values) == [], settle


@pytest.mark.parametrize("faults", [0.0, 0.3])
def test_no_acknowledgement_stands_before_what_it_acknowledges(rig: Rig, faults: float) -> None:
    duet = rig.duet(faults=faults)
    duet.run(1800)
    for batch in duet.batches:
        promised = False
        for effect in batch:
            if isinstance(effect, Send) and not effect.courtesy and effect.command is None:
                promised = True
            assert not (promised and isinstance(effect, Emit)), batch


def test_what_the_server_says_is_framed_and_named_alike(rig: Rig) -> None:
    duet = rig.duet()
    for number, capability in enumerate(rig.capabilities):
        if not duet.connected:
            duet.reconnect(rig.session(), rig.framer())
        duet.execute(rig.command(capability, number))
        duet.run(capability.answer_within_s)
    for send in duet.sent:
        found = rig.framer(Side.SERVER).feed(send.data)
        assert [getattr(frame, "name", frame) for frame in found] == [send.message]
        rig.link.parse(found[0], Side.SERVER)


@pytest.mark.parametrize("rig", LINKS, ids=NAMES)
@given(data=st.data())
def test_valid_parameters_are_carried_out_or_refused_by_name(rig: Rig, data: st.DataObject) -> None:
    capability = data.draw(st.sampled_from(rig.capabilities))
    parameters = data.draw(parameters_of(capability.parameters))
    try:
        effects = rig.known_session().execute(Command("c", 1, capability.name, parameters), START)
    except CommandError as error:
        effects, field = [], error.field or ""
    else:
        field = ""
    assert field.startswith("parameters.") or any(_is_about(effect, "c") for effect in effects)


def test_what_another_link_carries_is_refused(rig: Rig) -> None:
    assert all(map(rig.protocol.capability, rig.link.capabilities or ()))
    for capability in rig.protocol.capabilities:
        if capability in rig.capabilities:
            continue
        with pytest.raises(CommandError) as refusal:
            rig.known_session().execute(Command("c", 1, capability.name, NoParameters()), START)
        assert refusal.value.field == "capability"


def _is_about(effect: object, command: str) -> bool:
    return (isinstance(effect, Send | Settle) and effect.command == command) or (
        isinstance(effect, Ask)
        and isinstance(effect.question, WantFirmware)
        and effect.question.command == command
    )


def test_a_lost_connection_leaves_no_command_in_flight(rig: Rig) -> None:
    for number, capability in enumerate(rig.capabilities):
        duet = rig.duet()
        duet.to_device.hold()
        command = rig.command(capability, number)
        duet.execute(command)
        duet.disconnect()
        assert duet.state(command.id) not in IN_FLIGHT | WAITING, capability.name


def test_silence_leaves_no_command_in_flight(rig: Rig) -> None:
    for number, capability in enumerate(rig.capabilities):
        duet = rig.duet()
        duet.to_device.hold()
        command = rig.command(capability, number)
        duet.execute(command)
        duet.run(capability.answer_within_s)
        assert duet.state(command.id) not in IN_FLIGHT | WAITING, capability.name


def test_a_preview_on_a_copy_disturbs_nothing(rig: Rig) -> None:
    duet = rig.duet()
    for number, capability in enumerate(rig.capabilities):
        command = rig.command(capability, number)
        first = copy.deepcopy(duet.session).execute(command, duet.now)
        second = copy.deepcopy(duet.session).execute(command, duet.now)
        assert first == second, capability.name
    capability = rig.capabilities[0]
    command = rig.command(capability)
    previewed = copy.deepcopy(duet.session).execute(command, duet.now)
    assert duet.session.execute(command, duet.now) == previewed
