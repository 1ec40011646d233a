"""What can be asked of a battery: one capability per identifier that can be written, and a few of their own."""

from __future__ import annotations

import enum
import math
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from wayside.model.commands import Capability, Command, Risk
from wayside.model.errors import CommandError
from wayside.model.secrets import SECRET
from wayside.protocols.jk_bms.identifiers import (
    NAMED,
    PASSWORD,
    TABLE,
    Choice,
    Number,
    Row,
    Secret,
    Switch,
    Text,
)
from wayside.protocols.jk_bms.jobs import ANSWER_WITHIN_S, Job, activate, password, read, read_all, write

# One line, one request at a time: whatever it is about.
LANE: Final = "line"

# Write, read back, activate, read back once more; and a poll that was under way before.
COMMAND_WITHIN_S: Final = 6 * ANSWER_WITHIN_S

# Whoever switches a battery off means now; see the gateway's limit for actuations.
ACTUATION_EXPIRES_S: Final = 30.0

SECTION: Final = "table 5.1"

SWITCHES: Final[dict[str, tuple[str, Risk]]] = {
    "charge_switch": ("Switch charging on or off", Risk.ACTUATION),
    "discharge_switch": ("Switch discharging on or off", Risk.ACTUATION),
    "balancer_switch": ("Switch the balancer on or off", Risk.SETTING),
}
"""Identifiers with a capability of their own name, which takes ``on``."""

TRIGGERS: Final[dict[str, tuple[str, str]]] = {
    "restart": ("restart", "Restart the BMS"),
    "factory_reset": ("factory_reset", "Put the parameters back to what the factory set"),
    "start_upgrade": ("upgrade", "Announce a firmware upgrade over the line"),
}
"""Capabilities that write 1 to an identifier that nobody can read back."""


class SwitchParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """On or off."""

    on: Annotated[bool, Meta(description="Switch on (true) or off (false)")]


Readable = enum.StrEnum(  # type: ignore[misc]  # its members are the table's, which no checker can know
    "Readable", {row.name: row.name for row in TABLE if row.readable and not isinstance(row.rule, Secret)}
)


class ReadParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which identifier to read."""

    identifier: Annotated[Readable, Meta(description="Name of the identifier, as in the table")]


def _value_type(row: Row) -> Any:  # noqa: ANN401 - an annotation
    """The annotation of ``value``: what people write, with its range."""
    match row.rule:
        case Number(per_unit, unit, signed):
            bits = 8 * row.size - signed
            low, high = row.span or (-(1 << bits) / per_unit if signed else 0, ((1 << bits) - 1) / per_unit)
            words = [unit, f"in steps of {1 / per_unit:g}" if per_unit > 1 else "", row.about]
            kind: Any = int if per_unit == 1 else float
            return Annotated[kind, Meta(ge=kind(low), le=kind(high), description=_sentence(*words))]
        case Switch():
            return Annotated[bool, Meta(description=_sentence("on (true) or off (false)", row.about))]
        case Choice(names):
            return Annotated[Literal[names], Meta(description=_sentence("kind", row.about))]
        case Secret():
            return Annotated[
                str,
                Meta(
                    min_length=1,
                    max_length=row.size,
                    pattern="^[ -~]*$",
                    description="Printable ASCII",
                    extra_json_schema=SECRET,
                ),
            ]
        case Text(pattern):
            words = [f"ASCII, {row.size} characters at most", row.about]
            return Annotated[str, Meta(max_length=row.size, pattern=pattern, description=_sentence(*words))]
        case _:
            raise TypeError(f"{row.name} cannot be written")


def _sentence(*parts: str) -> str:
    return "; ".join(part for part in parts if part)


def _setter(row: Row) -> Capability:
    parameters = msgspec.defstruct(
        f"Set{row.name.title().replace('_', '')}",
        [("value", _value_type(row))],
        module=__name__,
        frozen=True,
        forbid_unknown_fields=True,
    )
    parameters.__doc__ = f"A value for {row.identifier:02X}."
    title = f"Set the {row.name.replace('_', ' ')}"
    setter = _capability(f"set_{row.name}", title, Risk.SETTING, parameters)
    return msgspec.structs.replace(setter, keeps={"value": "password"}) if row is PASSWORD else setter


def _capability(
    name: str, title: str, risk: Risk, parameters: type[msgspec.Struct] | None = None
) -> Capability:
    capability = Capability(name, title, risk, lane=LANE, answer_within_s=COMMAND_WITHIN_S, section=SECTION)
    changes: dict[str, Any] = {}
    if parameters is not None:
        changes["parameters"] = parameters
    if risk is Risk.ACTUATION:
        changes["expires_after_s"] = ACTUATION_EXPIRES_S
    return msgspec.structs.replace(capability, **changes)


SETTABLE: Final = tuple(
    row
    for row in TABLE
    if row.writable and row.name not in SWITCHES | {name: 0 for name, _ in TRIGGERS.values()}
)

CAPABILITIES: Final = (
    _capability("read_all", "Read everything", Risk.QUERY),
    _capability("read", "Read one identifier", Risk.QUERY, ReadParameters),
    _capability("activate", "Wake a BMS that sleeps", Risk.SETTING),
    *(_capability(name, title, risk, SwitchParameters) for name, (title, risk) in SWITCHES.items()),
    *(_setter(row) for row in SETTABLE),
    *(_capability(name, title, Risk.DANGEROUS) for name, (_, title) in TRIGGERS.items()),
)

RISKS: Final = {capability.name: capability.risk for capability in CAPABILITIES}

WRITES: Final[dict[str, Row]] = (
    {f"set_{row.name}": row for row in SETTABLE}
    | {name: NAMED[name] for name in SWITCHES}
    | {name: NAMED[row] for name, (row, _) in TRIGGERS.items()}
)
"""Capabilities that write, and what they write to."""


def job_of(command: Command, key: str | None) -> Job:
    """The requests that carry the command out; ``key`` is the password to send before a write, if there is one.

    Raises:
        CommandError: the value cannot be put into the identifier's bytes.
    """
    job = Job([], command.id, RISKS[command.capability])
    match command.capability:
        case "read_all":
            job.plan = [read_all(carries=True)]
        case "activate":
            job.plan = [activate(carries=True)]
            job.roused = True
        case "read":
            assert isinstance(command.parameters, ReadParameters)
            job.plan = [read(NAMED[command.parameters.identifier], carries=True)]
        case capability:
            row = job.row = WRITES[capability]
            job.wanted = wanted(capability, command.parameters)
            job.plan = [password(key)] if key else []
            job.plan.append(write(row, job.wanted))
            if row.readable:
                job.plan.append(read(row))
    return job


def wanted(capability: str, parameters: msgspec.Struct) -> bytes:
    """The bytes that this capability writes.  Raises ``CommandError``."""
    if capability in TRIGGERS:
        return b"\x01"
    value: Any = getattr(parameters, "on" if isinstance(parameters, SwitchParameters) else "value")
    return encoded(WRITES[capability], value)


def encoded(row: Row, value: Any) -> bytes:  # noqa: ANN401 - each identifier takes a type of its own
    """A value in the unit that people use, as the identifier's bytes.

    Raises:
        CommandError: it lies between two steps, or holds characters that cannot be sent.
    """
    match row.rule:
        case Number(per_unit, _, signed):
            count: int = round(value * per_unit)
            if not math.isclose(count, value * per_unit, abs_tol=1e-6):
                raise CommandError(f"{value} is no multiple of {1 / per_unit:g}", "parameters.value")
            return count.to_bytes(row.size, signed=signed)
        case Choice(names):
            return bytes((names.index(value),))
        case Text() | Secret():
            if not (value.isascii() and value.isprintable()):
                raise CommandError("only printable ASCII can be sent", "parameters.value")
            return bytes(value, "ascii").ljust(row.size, b"\0")
        case _:
            return int(value).to_bytes(row.size)
