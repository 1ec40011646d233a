"""The tables in each protocol's README: its messages, field by field, and what can be asked of its devices."""

import importlib
import pkgutil
from collections.abc import Iterator
from functools import partial

import msgspec

import wayside
from tools.docs.capabilities import patience
from tools.docs.generated import Region
from tools.docs.markdown import code, summary, table
from wayside.model.commands import Capability
from wayside.protocol.base import Described, Protocol, Side
from wayside.wire.layout import FieldLayout

BITS_PER_BYTE = 8
DIRECTION = {Side.DEVICE: "device → server", Side.SERVER: "server → device"}


def regions() -> Iterator[Region]:
    """The regions of every protocol package."""
    folders = [f"{folder}/protocols" for folder in wayside.__path__]
    for module in pkgutil.iter_modules(folders, "wayside.protocols."):
        protocol: Protocol = importlib.import_module(module.name).PROTOCOL
        readme = f"src/{module.name.replace('.', '/')}/README.md"
        yield Region(readme, "messages", partial(messages, protocol))
        yield Region(readme, "commands", partial(commands, protocol))


def messages(protocol: Protocol) -> str:
    """Every message with its fields, in the protocol's own order."""
    return "\n\n".join(message(described) for described in protocol.messages)


def message(described: Described) -> str:
    """One message: what it is, who sends it, where the document has it, and its layout."""
    section = f" · {described.section}" if described.section else ""
    parts = [
        f"### {described.name}",
        f"{code(described.code)} · {DIRECTION[described.side]}{section}",
        summary(described.structure),
        table(("field", "on the wire", "size", "meaning"), map(field_row, described.layout)),
    ]
    return "\n\n".join(part for part in (parts if described.layout else parts[:3]) if part)


def field_row(field: FieldLayout) -> tuple[str, str, str, str]:
    """One field of a layout."""
    return code(field.name), field.type, size(field.width_bits), field.doc


def size(width_bits: int | None) -> str:
    """A width in the unit that people count in."""
    if width_bits is None:
        return "varies"
    whole, odd = divmod(width_bits, BITS_PER_BYTE)
    count, unit = (width_bits, "bit") if odd else (whole, "byte")
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


def commands(protocol: Protocol) -> str:
    """What can be asked of a device, and how risky that is."""
    return table(
        ("capability", "what it does", "risk", "parameters", "waits for an answer", "document"),
        map(capability_row, protocol.capabilities),
    )


def capability_row(capability: Capability) -> tuple[str, ...]:
    """One capability."""
    names = (code(field.encode_name) for field in msgspec.structs.fields(capability.parameters))
    return (
        code(capability.name),
        capability.title,
        capability.risk.value,
        ", ".join(names),
        patience(capability),
        capability.section,
    )
