"""The reference of what can be asked of devices, and the table of device families."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from tools.docs.generated import Page, Region
from tools.docs.markdown import code, table
from tools.docs.schemas import fields, resolve
from tools.docs.sources import below
from wayside.app.protocols import PROTOCOLS
from wayside.model.commands import Capability, Risk
from wayside.protocol.base import Link, Protocol, Transport

HEADINGS = ("capability", "what it does", "risk", "waits", "expires", "document")
TAKEN = ("capability", "parameter", "value", "default", "what it is")

ROOT = Path(__file__).parents[2]

HEAD = """\
# Capabilities

What can be asked of a device, by protocol: `wayside send DEVICE CAPABILITY NAME=VALUE …`, or
`POST /api/v1/devices/{device}/commands`. What becomes of a command is told under
[states of a command](errors.md#states-of-a-command).

## Risk

The risk says what the server does by itself:
"""

TIMES = """\
*Waits* is how long an answer is awaited, *expires* how long a command may wait to be sent. Where the result is a
file, the answer makes the command *acknowledged*, and the file *succeeded*. Section numbers are those of the vendor's
document.
"""


def page() -> Page:
    """The page ``docs/reference/capabilities.md``."""
    return Page("docs/reference/capabilities.md", "the protocols' `commands.py`", text)


def families() -> Region:
    """The device families, for the README."""
    headings = ("devices", "protocol", "connects by", "read")
    return Region("README.md", "families", lambda: table(headings, map(family, PROTOCOLS)))


def family(protocol: Protocol) -> tuple[str, str, str, str]:
    """One family, with links to what there is to read."""
    return (
        protocol.title,
        code(protocol.name),
        ", ".join(link_text(link) for link in protocol.links),
        " · ".join(readings(protocol)),
    )


def link_text(link: Link) -> str:
    """A transport and its usual port."""
    name = "serial line" if link.transport is Transport.SERIAL else link.transport.value.upper()
    return f"{name} {link.port}" if link.port else name


def readings(protocol: Protocol) -> Iterator[str]:
    """Links to pages, as seen from the root."""
    for guide in sorted((ROOT / "docs").glob(f"connect-{protocol.name}*.md")):
        yield f"[connect one](docs/{guide.name})"
    yield f"[commands](docs/reference/capabilities.md#{protocol.name})"
    yield f"[protocol](src/wayside/protocols/{protocol.name.replace('-', '_')}/README.md)"


def text() -> str:
    """Every protocol with its capabilities."""
    risks = below(Risk)
    meanings = table(("risk", "means"), ((code(risk.value), risks[risk.name]) for risk in Risk))
    return "\n\n".join([HEAD.strip(), meanings, TIMES.strip(), *map(section, PROTOCOLS)])


def section(protocol: Protocol) -> str:
    """One protocol."""
    ways = ", ".join(link_text(link) for link in protocol.links)
    ident = f"`{protocol.name}:` and what matches `{protocol.ident}`"
    parts = [
        f"## {protocol.name}",
        f"{protocol.title}; by {ways}. A device is called {ident}, such as `{protocol.name}:{protocol.example}`.",
        table(HEADINGS, map(row, protocol.capabilities)),
    ]
    if rows := [row for capability in protocol.capabilities for row in parameters(capability)]:
        parts += ["They take:", table(TAKEN, rows)]
    return "\n\n".join(parts)


def row(capability: Capability) -> tuple[str, ...]:
    """One capability."""
    return (
        code(capability.name),
        capability.title,
        capability.risk.value,
        patience(capability),
        f"{capability.expires_after_s:g} s",
        capability.section,
    )


def patience(capability: Capability) -> str:
    """How long an answer may take, and the file behind it where there is one."""
    file = "" if capability.file_within_s is None else f", its file {capability.file_within_s:g} s more"
    return f"{capability.answer_within_s:g} s{file}"


def parameters(capability: Capability) -> Iterator[tuple[str, ...]]:
    """What one takes: a row for each parameter."""
    schema = msgspec.json.schema(capability.parameters)
    for name, what, default, about in fields(resolve(schema, schema), schema):
        yield code(capability.name), name, what, default, about
