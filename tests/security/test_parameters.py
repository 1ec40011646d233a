"""Terrible texts and numbers in the parameters of every capability: refused by name, or kept and shown as they are."""

from typing import Any, Final

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conformance.parameters import parameters_of
from tests.security.hostile import NUMBERS, TEXTS, leaves, planted
from tests.security.victim import Victim
from wayside.app.protocols import PROTOCOLS
from wayside.model.commands import Capability
from wayside.protocol.base import Protocol

EVERY: Final = [
    pytest.param(protocol, capability, id=f"{protocol.name}-{capability.name}")
    for protocol in PROTOCOLS
    for capability in protocol.capabilities
]

TERRIBLE: Final = (
    st.sampled_from(list(TEXTS.values())) | st.sampled_from(NUMBERS).map(msgspec.Raw) | st.none()
)

# Each with every text is tried over the runs; one run is a few seconds.
EXAMPLES: Final = 12


@pytest.fixture(scope="module", autouse=True)
def _known(victim: Victim) -> None:
    for protocol in PROTOCOLS:
        victim.http.post("/api/v1/devices", json={"device": device_of(protocol)}).raise_for_status()


def device_of(protocol: Protocol) -> str:
    return f"{protocol.name}:{protocol.example}"


@pytest.mark.parametrize(("protocol", "capability"), EVERY)
def test_terrible_parameters(victim: Victim, protocol: Protocol, capability: Capability) -> None:
    @given(good=parameters_of(capability.parameters), data=st.data())
    @settings(max_examples=EXAMPLES)
    def check(good: msgspec.Struct, data: st.DataObject) -> None:
        parameters: Any = msgspec.to_builtins(good)
        places = list(leaves(parameters))
        if places:
            parameters = planted(parameters, data.draw(st.sampled_from(places)), data.draw(TERRIBLE))
        submit(victim, device_of(protocol), capability.name, parameters)

    check()


def submit(victim: Victim, device: str, capability: str, parameters: object) -> None:
    """Ask for it, see it as it is, and take it back."""
    order = {"capability": capability, "parameters": parameters, "queue": True, "confirm": True}
    body = msgspec.json.encode(order)
    preview = victim.http.post(f"/api/v1/devices/{device}/commands/preview", content=body)
    assert preview.status_code in {200, 400, 409, 422}, preview.text
    answer = victim.http.post(f"/api/v1/devices/{device}/commands", content=body)
    assert answer.status_code in {201, 400, 409, 422}, answer.text
    if answer.status_code != 201:
        assert answer.json()["detail"]
        return
    command = answer.json()["id"]
    assert victim.get(f"commands/{command}")["parameters"] == answer.json()["parameters"]
    cancelled = victim.http.post(f"/api/v1/commands/{command}/cancel")
    assert cancelled.status_code in {200, 409}, cancelled.text
