"""Which parameters of a capability are secrets: those that its JSON Schema marks as for writing only."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import msgspec

from wayside.model.commands import Capability

SECRET: Final[dict[str, Any]] = {"writeOnly": True, "format": "password"}
"""The ``extra_json_schema`` of a secret parameter's ``Meta``."""

HIDDEN: Final = "***"
"""Stands where a secret was; of the same length whatever the secret's."""


def without_secrets(capability: Capability, parameters: dict[str, object]) -> dict[str, object]:
    """The same parameters, secrets hidden.  That one was left out (null) is no secret."""
    secret = secrets_of(capability.parameters)
    return {
        name: HIDDEN if name in secret and value is not None else value for name, value in parameters.items()
    }


@cache
def secrets_of(parameters: type[msgspec.Struct]) -> frozenset[str]:
    """The names of the secret ones among a capability's parameters."""
    _, components = msgspec.json.schema_components([parameters])
    properties = components[parameters.__name__]["properties"]
    return frozenset(name for name, schema in properties.items() if schema.get("writeOnly"))
