"""The PROTOCOL record: well formed, and true of what it describes."""

from __future__ import annotations

import re

import msgspec
import pytest

from tests.conformance.rig import Rig, frames
from wayside.model.commands import Capability, Risk
from wayside.model.identity import IDENT, PROTOCOL, device_id
from wayside.protocol.base import Side

WORD = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")

ACTUATION_EXPIRES_MAX_S = 30.0

HOSTILE = (
    "",
    ".",
    "..",
    "../../etc/passwd",
    "a/b",
    "a\\b",
    "a b",
    "a\n",
    "866266066379439\n",
    " 866266066379439",
    "866266066379439#",
    "+/#",
    "a.b.c",
    "a:b",
    "' OR 1=1 --",
    "<script>",
    "%2e%2e",
    "\x00",
    "".join(chr(0xFF10 + int(digit)) for digit in "866266066379439"),  # digits of another script
    "866266066379439" * 5,
)


def test_the_names(rig: Rig) -> None:
    assert PROTOCOL.fullmatch(rig.protocol.name)
    assert rig.protocol.title
    assert rig.link.idle_timeout_s > 0
    assert rig.protocol.link(rig.link.transport) is rig.link


def test_the_ident_pattern_takes_its_own(rig: Rig) -> None:
    idents = [rig.protocol.example, *(rig.duet(number=n).simulator.ident for n in range(5))]
    assert len(set(idents)) == len(idents)
    for ident in idents:
        assert re.fullmatch(rig.protocol.ident, ident)
        assert IDENT.fullmatch(ident)
        assert device_id(rig.protocol.name, ident) == f"{rig.protocol.name}:{ident}"


@pytest.mark.parametrize("ident", HOSTILE)
def test_the_ident_pattern_refuses_what_means_something_elsewhere(rig: Rig, ident: str) -> None:
    assert not re.fullmatch(rig.protocol.ident, ident)


def test_every_message_has_a_name_a_section_and_a_layout(rig: Rig) -> None:
    assert rig.protocol.messages
    for described in rig.protocol.messages:
        assert WORD.fullmatch(described.name), described
        assert described.section, described.name
        assert described.structure.__doc__, described.name
        fields = described.structure.__struct_fields__
        assert bool(described.layout) is bool(fields), described.name


@pytest.mark.parametrize("side", list(Side))
def test_every_message_that_is_spoken_is_described(rig: Rig, side: Side) -> None:
    described = {row.structure for row in rig.protocol.messages if row.side is side}
    for frame in frames(rig, side):
        assert type(rig.link.parse(frame, side)) in described, frame.name


def test_every_capability_is_whole(rig: Rig) -> None:
    names = [capability.name for capability in rig.protocol.capabilities]
    assert len(set(names)) == len(names)
    for capability in rig.protocol.capabilities:
        assert WORD.fullmatch(capability.name)
        assert capability.title
        assert capability.section, capability.name
        assert capability.answer_within_s > 0
        assert capability.file_within_s is None or capability.file_within_s > 0
        assert rig.protocol.capability(capability.name) is capability


def test_an_actuation_is_never_sent_late(rig: Rig) -> None:
    late = [one.name for one in rig.protocol.capabilities if _waits_too_long(one)]
    assert late == []


def _waits_too_long(capability: Capability) -> bool:
    return capability.risk is Risk.ACTUATION and capability.expires_after_s > ACTUATION_EXPIRES_MAX_S


def test_every_capabilitys_parameters_are_a_closed_schema(rig: Rig) -> None:
    for capability in rig.protocol.capabilities:
        schema = msgspec.json.schema(capability.parameters)
        definition = schema["$defs"][capability.parameters.__name__]
        assert definition["type"] == "object"
        assert definition["additionalProperties"] is False, capability.name
        for name, field in definition["properties"].items():
            assert "description" in field, f"{capability.name}.{name} wants a description"
