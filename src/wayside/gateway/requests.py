"""Is this request one that can be carried out?  Everything that is known without looking at the device's line."""

from __future__ import annotations

import difflib
import re
from typing import Final

import msgspec
from msgspec import inspect

from wayside.gateway.jobs import NOT_TWICE
from wayside.gateway.limits import Limits
from wayside.model.commands import Capability, Risk
from wayside.model.errors import CommandError
from wayside.ports.platform import CommandRequest
from wayside.protocol.base import Protocol

# How msgspec ends the text of a validation error, and how it names a field that is missing or unknown.
_PATH: Final = re.compile(r" - at `\$(?P<path>[^`]*)`$")
_FIELD: Final = re.compile(r"(?:required|unknown) field `(?P<field>[^`]*)`")

# A line of a terminal; all of them stand in the capability's JSON Schema.
CHOICES_SHOWN: Final = 8


def capability_of(protocol: Protocol, request: CommandRequest) -> Capability:
    """The capability that the request names.  Raises ``CommandError``."""
    capability = protocol.capability(request.capability)
    if capability is None:
        known = ", ".join(sorted(each.name for each in protocol.capabilities))
        raise CommandError(
            f"{protocol.title} has no such capability; it has: {known or 'none'}", "capability"
        )
    return capability


def parameters_of(capability: Capability, parameters: dict[str, object]) -> msgspec.Struct:
    """The parameters in their declared shape.  Raises ``CommandError`` with the path of the field."""
    try:
        return msgspec.convert(parameters, capability.parameters, strict=True)
    except msgspec.ValidationError as error:
        text = str(error)
        path = "parameters"
        if (place := _PATH.search(text)) is not None:
            path += place["path"]
            text = text[: place.start()] + _choices(capability, parameters, place["path"].removeprefix("."))
        if (missing := _FIELD.search(text)) is not None:
            path += f".{missing['field']}"
        raise CommandError(text, path) from None


def _choices(capability: Capability, parameters: dict[str, object], name: str) -> str:
    """What the parameter could have been, the likeliest first, where it can be counted."""
    whole = inspect.type_info(capability.parameters)
    assert isinstance(whole, inspect.StructType)
    kind = next((field.type for field in whole.fields if field.encode_name == name), None)
    while isinstance(kind, inspect.Metadata):
        kind = kind.type
    match kind, parameters.get(name):
        case inspect.LiteralType(values=values), str(given):
            known = sorted(map(str, values))
        case inspect.EnumType(cls=choices), str(given):
            known = sorted(str(choice.value) for choice in choices)
        case _:
            return ""
    near = difflib.get_close_matches(given, known, CHOICES_SHOWN, cutoff=0.3)
    shown = [*near, *(choice for choice in known if choice not in near)][:CHOICES_SHOWN]
    return f"; one of: {', '.join(shown)}{', …' if len(shown) < len(known) else ''}"


def may_wait(capability: Capability, request: CommandRequest) -> bool:
    """Whether it waits for an offline device: as asked, or else by its risk."""
    return request.queue if request.queue is not None else capability.risk not in NOT_TWICE


def check_confirmed(capability: Capability, request: CommandRequest) -> None:
    """A dangerous command says so itself.  Raises ``CommandError``."""
    if capability.risk is Risk.DANGEROUS and not request.confirm:
        raise CommandError(f"“{capability.title}” can cut the device off, and must be confirmed", "confirm")


def expires_after_s(capability: Capability, request: CommandRequest, limits: Limits) -> float:
    """How long it may wait to be sent.  Raises ``CommandError``."""
    longest = limits.actuation_expires_s if capability.risk is Risk.ACTUATION else limits.command_expires_s
    if request.expires_after_s is None:
        return min(capability.expires_after_s, longest)
    # Written so that NaN, which compares false with everything, is refused as well.
    if not 0 < request.expires_after_s <= longest:
        raise CommandError(
            f"{request.expires_after_s:g} s: above 0 and at most {longest:g} s", "expires_after_s"
        )
    return request.expires_after_s
