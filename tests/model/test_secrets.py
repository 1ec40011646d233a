"""Secret parameters are found by their mark."""

import msgspec
import pytest

from wayside.app.protocols import PROTOCOLS
from wayside.model.commands import Capability
from wayside.model.secrets import secrets_of, without_secrets

SECRETS = {
    ("jk-bms", "set_parameter_password"): {"value"},
    ("parking-lock", "set_device_key"): {"device_key"},
    ("parking-lock", "set_network"): {"pin"},
}

CAPABILITIES = [
    pytest.param(protocol.name, capability, id=f"{protocol.name}-{capability.name}")
    for protocol in PROTOCOLS
    for capability in protocol.capabilities
]


@pytest.mark.parametrize(("protocol", "capability"), CAPABILITIES)
def test_every_marked_parameter_is_found_and_no_other(protocol: str, capability: Capability) -> None:
    found = secrets_of(capability.parameters)
    assert found == SECRETS.get((protocol, capability.name), set())
    # A mark deeper inside would be seen by people, and hide nothing.
    assert msgspec.json.encode(msgspec.json.schema(capability.parameters)).count(b"writeOnly") == len(found)


def test_a_secret_is_hidden_and_the_rest_is_not() -> None:
    network = next(each.values[1] for each in CAPABILITIES if each.id == "parking-lock-set_network")
    assert isinstance(network, Capability)
    given: dict[str, object] = {"apn": "internet", "pin": "1234"}
    assert without_secrets(network, given) == {"apn": "internet", "pin": "***"}
    assert given["pin"] == "1234"
    assert without_secrets(network, {"apn": None, "pin": None}) == {"apn": None, "pin": None}
